/* membrane.c - Laplace's equation over an irregular region, solved by geometric multigrid */
#include "blend/membrane.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/pool.h"

#define LEVELS_MAX 16
#define PLANES_MAX ((size_t)4)
#define SIDE_MAX_PX ((size_t)8192)
#define SWEEPS_DOWN 2
#define SWEEPS_UP 2
#define SWEEPS_COARSEST 24

/* Unknown pixels of one row that follow each other. */
typedef struct run {
    uint32_t first, end;
} run;

/*
 * One grid. Pixel (i, j) of a level stands at pixel (2i, 2j) of the finer one and is unknown where
 * that one is. Its equation is diagonal * v - (sum of the unknown neighbours) = right. On coarse
 * levels known pixels are 0: they pull through the diagonal alone. Planes have a rim of one pixel.
 */
typedef struct level {
    size_t width, height, stride;       /* stride = width + 2 */
    uint32_t *row_runs;                 /* owned; runs of row y: row_runs[y] to row_runs[y + 1] */
    run *runs;                          /* in row_runs' block */
    float *diagonal, *inverse;          /* owned as diagonal's block; [height + 2, stride] */
    float *solution, *right, *residual; /* of one plane; [height + 2, stride] */
} level;

typedef struct grids {
    size_t count;
    level levels[LEVELS_MAX];
    size_t plane_floats; /* all levels' solution, right and residual */
} grids;

static size_t padded_floats(const level *l)
{
    return (l->height + 2) * l->stride;
}

/* ---- The region on each level ---- */

static size_t count_runs(const uint8_t *unknown, size_t width, size_t height)
{
    size_t count = 0;
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++)
            count += unknown[y * width + x] && (x == 0 || !unknown[y * width + x - 1]);
    return count;
}

static p2a_status level_create(p2a_context *ctx, const uint8_t *unknown, size_t width,
                               size_t height, level *l)
{
    *l = (level){.width = width, .height = height, .stride = width + 2};
    size_t count = count_runs(unknown, width, height);
    size_t bytes = (height + 1) * sizeof *l->row_runs + count * sizeof *l->runs;
    l->row_runs = p2a_alloc(ctx, bytes);
    l->diagonal = p2a_alloc_zeroed(ctx, 2 * padded_floats(l), sizeof(float));
    if (l->row_runs == NULL || l->diagonal == NULL) {
        p2a_free(ctx, l->row_runs);
        p2a_free(ctx, l->diagonal);
        return p2a_fail_memory(ctx, bytes + 2 * padded_floats(l) * sizeof(float), "membrane");
    }
    l->inverse = l->diagonal + padded_floats(l);
    l->runs = (run *)(void *)(l->row_runs + height + 1);
    uint32_t next = 0;
    for (size_t y = 0; y < height; y++) {
        l->row_runs[y] = next;
        const uint8_t *row = unknown + y * width;
        for (size_t x = 0; x < width; x++) {
            if (!row[x])
                continue;
            size_t end = x;
            while (end < width && row[end])
                end++;
            l->runs[next++] = (run){(uint32_t)x, (uint32_t)end};
            x = end;
        }
    }
    l->row_runs[height] = next;
    return P2A_OK;
}

static void grids_destroy(p2a_context *ctx, grids *g)
{
    for (size_t i = 0; i < g->count; i++) {
        p2a_free(ctx, g->levels[i].row_runs);
        p2a_free(ctx, g->levels[i].diagonal);
    }
    g->count = 0;
}

/* Neighbours of a pixel inside the grid: of all, and of the unknown ones. */
static void count_neighbours(const uint8_t *unknown, size_t width, size_t height, size_t x,
                             size_t y, int *all, int *unknown_ones)
{
    const uint8_t *u = unknown + y * width + x;
    *all = (x > 0) + (x + 1 < width) + (y > 0) + (y + 1 < height);
    *unknown_ones = (x > 0 && u[-1]) + (x + 1 < width && u[1]) + (y > 0 && *(u - width)) +
                    (y + 1 < height && u[width]);
}

/*
 * The transpose of add_correction() at one coarse pixel: weights 1 2 1 / 2, where beyond the last
 * coarse pixel of an even side its value goes on. `plane` has a rim of zeros.
 */
static float gather(const level *fine, const float *plane, size_t x, size_t y)
{
    float right = 2 * x + 2 == fine->width ? 1.0f : 0.5f;
    float below = 2 * y + 2 == fine->height ? 1.0f : 0.5f;
    const float *m = plane + (2 * y + 1) * fine->stride + 2 * x + 1;
    const float *a = m - fine->stride, *b = m + fine->stride;
    float row_a = 0.5f * a[-1] + a[0] + right * a[1];
    float row_m = 0.5f * m[-1] + m[0] + right * m[1];
    float row_b = 0.5f * b[-1] + b[0] + right * b[1];
    return 0.5f * row_a + row_m + below * row_b;
}

/*
 * Fill a level's diagonal. A known neighbour pulls like a spring fixed to a wall; a coarse pixel
 * has the springs of the fine ones that its correction moves, by their share in it. By convexity
 * those are at least as stiff as the fine grid under that correction, so a correction is never too
 * large and cycles converge whatever the outline's shape.
 *
 * springs: [height + 2, stride] of the level: on the finest filled here, on others read.
 */
static void fill_diagonal(level *l, const uint8_t *unknown, bool finest, float *springs)
{
    for (size_t y = 0; y < l->height; y++) {
        for (size_t x = 0; x < l->width; x++) {
            size_t at = (y + 1) * l->stride + x + 1;
            if (!unknown[y * l->width + x]) {
                springs[at] = 0.0f;
                continue;
            }
            int all, unknown_ones;
            count_neighbours(unknown, l->width, l->height, x, y, &all, &unknown_ones);
            if (finest)
                springs[at] = (float)(all - unknown_ones);
            float d = (float)unknown_ones + springs[at];
            l->diagonal[at] = d;
            /* A lone pixel that nothing pulls stays as it is. */
            l->inverse[at] = d > 0.0f ? 1.0f / d : 0.0f;
        }
    }
}

static p2a_status grids_create(p2a_context *ctx, const uint8_t *kinds, size_t width, size_t height,
                               grids *g)
{
    g->count = 0;
    g->plane_floats = 0;
    size_t floats = (width + 2) * (height + 2);
    float *springs = p2a_alloc_zeroed(ctx, 2 * floats, sizeof *springs);
    uint8_t *unknown = p2a_alloc(ctx, width * height);
    p2a_status status = P2A_OK;
    if (springs == NULL || unknown == NULL) {
        status = p2a_fail_memory(ctx, 2 * floats * sizeof *springs + width * height, "membrane");
        goto done;
    }
    float *coarse_springs = springs + floats;
    for (size_t i = 0; i < width * height; i++)
        unknown[i] = kinds[i] == P2A_MEMBRANE_UNKNOWN;
    for (;;) {
        level *l = &g->levels[g->count];
        status = level_create(ctx, unknown, width, height, l);
        if (status != P2A_OK)
            break;
        g->count++;
        g->plane_floats += 3 * padded_floats(l);
        fill_diagonal(l, unknown, g->count == 1, springs);
        if (g->count == LEVELS_MAX || (width <= 2 && height <= 2))
            break;
        size_t coarse_width = (width + 1) / 2, coarse_height = (height + 1) / 2;
        memset(coarse_springs, 0, (coarse_width + 2) * (coarse_height + 2) * sizeof *springs);
        for (size_t y = 0; y < coarse_height; y++) {
            for (size_t x = 0; x < coarse_width; x++) {
                /* In place: the pixel that is read never lies before the one that is written. */
                unknown[y * coarse_width + x] = unknown[2 * y * width + 2 * x];
                coarse_springs[(y + 1) * (coarse_width + 2) + x + 1] = gather(l, springs, x, y);
            }
        }
        memcpy(springs, coarse_springs, (coarse_width + 2) * (coarse_height + 2) * sizeof *springs);
        width = coarse_width;
        height = coarse_height;
    }
    if (status != P2A_OK)
        grids_destroy(ctx, g);
done:
    p2a_free(ctx, springs);
    p2a_free(ctx, unknown);
    return status;
}

/* ---- One plane ---- */

/* Gauss-Seidel over the pixels with (x + y) & 1 == colour. */
static void smooth_colour(const level *l, size_t colour)
{
    for (size_t y = 0; y < l->height; y++) {
        float *row = l->solution + (y + 1) * l->stride + 1;
        const float *above = row - l->stride, *below = row + l->stride;
        const float *right = l->right + (y + 1) * l->stride + 1;
        const float *inverse = l->inverse + (y + 1) * l->stride + 1;
        for (uint32_t k = l->row_runs[y]; k < l->row_runs[y + 1]; k++) {
            size_t x = l->runs[k].first, end = l->runs[k].end;
            for (x += (x + y + colour) & 1; x < end; x += 2)
                row[x] =
                    inverse[x] * (right[x] + ((above[x] + below[x]) + ((row - 1)[x] + row[x + 1])));
        }
    }
}

static void smooth(const level *l, int sweeps)
{
    for (int i = 0; i < sweeps; i++) {
        smooth_colour(l, 0);
        smooth_colour(l, 1);
    }
}

/* Fill the residual where pixels are unknown (elsewhere it stays 0); returns the largest. */
static float compute_residual(const level *l)
{
    float largest = 0.0f;
    for (size_t y = 0; y < l->height; y++) {
        const float *row = l->solution + (y + 1) * l->stride + 1;
        const float *above = row - l->stride, *below = row + l->stride;
        const float *right = l->right + (y + 1) * l->stride + 1;
        const float *diagonal = l->diagonal + (y + 1) * l->stride + 1;
        float *out = l->residual + (y + 1) * l->stride + 1;
        for (uint32_t k = l->row_runs[y]; k < l->row_runs[y + 1]; k++) {
            for (size_t x = l->runs[k].first; x < l->runs[k].end; x++) {
                float r = right[x] + ((above[x] + below[x]) + ((row - 1)[x] + row[x + 1])) -
                          diagonal[x] * row[x];
                out[x] = r;
                r = fabsf(r);
                largest = r > largest ? r : largest;
            }
        }
    }
    return largest;
}

static void restrict_residual(const level *fine, const level *coarse)
{
    memset(coarse->solution, 0, padded_floats(coarse) * sizeof *coarse->solution);
    for (size_t y = 0; y < coarse->height; y++) {
        float *out = coarse->right + (y + 1) * coarse->stride + 1;
        for (uint32_t k = coarse->row_runs[y]; k < coarse->row_runs[y + 1]; k++)
            for (size_t x = coarse->runs[k].first; x < coarse->runs[k].end; x++)
                out[x] = gather(fine, fine->residual, x, y);
    }
}

/* Add the coarse correction, bilinear, where the fine pixels are unknown. */
static void add_correction(const level *coarse, const level *fine)
{
    for (size_t y = 0; y < fine->height; y++) {
        const float *near = coarse->solution + (y / 2 + 1) * coarse->stride + 1;
        const float *far = y & 1 && y / 2 + 1 < coarse->height ? near + coarse->stride : near;
        float *row = fine->solution + (y + 1) * fine->stride + 1;
        for (uint32_t k = fine->row_runs[y]; k < fine->row_runs[y + 1]; k++) {
            for (size_t x = fine->runs[k].first; x < fine->runs[k].end; x++) {
                size_t c = x / 2, d = c + 1 < coarse->width ? c + (x & 1) : c;
                row[x] += 0.25f * ((near[c] + near[d]) + (far[c] + far[d]));
            }
        }
    }
}

static void v_cycle(const grids *g, const level *levels)
{
    size_t last = g->count - 1;
    for (size_t i = 0; i < last; i++) {
        smooth(&levels[i], SWEEPS_DOWN);
        compute_residual(&levels[i]);
        restrict_residual(&levels[i], &levels[i + 1]);
    }
    smooth(&levels[last], SWEEPS_COARSEST);
    for (size_t i = last; i-- > 0;) {
        add_correction(&levels[i + 1], &levels[i]);
        smooth(&levels[i], SWEEPS_UP);
    }
}

typedef struct solve_job {
    const grids *grids;
    const p2a_membrane_options *options;
    size_t width, height;
    const uint8_t *kinds;
    float *values;
    float *memory; /* plane_floats a plane, all 0 */
    float residual[PLANES_MAX];
} solve_job;

static void solve_plane(solve_job *job, size_t plane)
{
    const grids *g = job->grids;
    level levels[LEVELS_MAX];
    float *next = job->memory + plane * g->plane_floats;
    for (size_t i = 0; i < g->count; i++) {
        levels[i] = g->levels[i];
        size_t floats = padded_floats(&levels[i]);
        levels[i].solution = next;
        levels[i].right = next + floats;
        levels[i].residual = next + 2 * floats;
        next += 3 * floats;
    }
    const level *finest = &levels[0];
    float *values = job->values + plane * job->width * job->height;
    for (size_t y = 0; y < job->height; y++)
        memcpy(finest->solution + (y + 1) * finest->stride + 1, values + y * job->width,
               job->width * sizeof *values);
    float left = compute_residual(finest);
    for (uint32_t i = 0; i < job->options->max_cycles && left > job->options->tolerance; i++) {
        v_cycle(g, levels);
        left = compute_residual(finest);
    }
    job->residual[plane] = left;
    for (size_t y = 0; y < job->height; y++) {
        const float *row = finest->solution + (y + 1) * finest->stride + 1;
        for (uint32_t k = finest->row_runs[y]; k < finest->row_runs[y + 1]; k++)
            memcpy(values + y * job->width + finest->runs[k].first, row + finest->runs[k].first,
                   (finest->runs[k].end - finest->runs[k].first) * sizeof *row);
    }
}

static void solve_planes(void *user, size_t first, size_t count)
{
    for (size_t plane = first; plane < first + count; plane++)
        solve_plane(user, plane);
}

/* ---- The whole ---- */

/* 1 where a known pixel touches an unknown one: only those values count as a start. */
static void edge_weights(const uint8_t *kinds, size_t width, size_t height, float *weights)
{
    for (size_t y = 0; y < height; y++) {
        for (size_t x = 0; x < width; x++) {
            size_t i = y * width + x;
            bool touches = (x > 0 && kinds[i - 1] == P2A_MEMBRANE_UNKNOWN) ||
                           (x + 1 < width && kinds[i + 1] == P2A_MEMBRANE_UNKNOWN) ||
                           (y > 0 && kinds[i - width] == P2A_MEMBRANE_UNKNOWN) ||
                           (y + 1 < height && kinds[i + width] == P2A_MEMBRANE_UNKNOWN);
            weights[i] = kinds[i] == P2A_MEMBRANE_KNOWN && touches ? 1.0f : 0.0f;
        }
    }
}

/* Give the unknown pixels a start; known ones keep their values. */
static p2a_status start_values(p2a_context *ctx, const uint8_t *kinds, size_t width, size_t height,
                               float *values, size_t planes)
{
    size_t pixels = width * height, bytes = 2 * pixels * sizeof(float);
    float *weights = p2a_alloc(ctx, bytes);
    if (weights == NULL)
        return p2a_fail_memory(ctx, bytes, "membrane");
    float *filled = weights + pixels;
    edge_weights(kinds, width, height, weights);
    p2a_status status = P2A_OK;
    for (size_t p = 0; p < planes && status == P2A_OK; p++) {
        float *plane = values + p * pixels;
        memcpy(filled, plane, pixels * sizeof *plane);
        status = p2a_membrane_fill(ctx, filled, weights, width, height);
        for (size_t i = 0; status == P2A_OK && i < pixels; i++)
            if (kinds[i] == P2A_MEMBRANE_UNKNOWN)
                plane[i] = filled[i];
    }
    p2a_free(ctx, weights);
    return status;
}

p2a_status p2a_membrane_solve(p2a_context *ctx, const uint8_t *kinds, size_t width_px,
                              size_t height_px, float *values, size_t planes,
                              const p2a_membrane_options *options, float *residual)
{
    if (residual != NULL)
        *residual = 0.0f;
    if (width_px < 1 || height_px < 1 || width_px > SIDE_MAX_PX || height_px > SIDE_MAX_PX)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT,
                        "expected 1 to %zu px a side for a membrane, got %zux%zu", SIDE_MAX_PX,
                        width_px, height_px);
    if (planes < 1 || planes > PLANES_MAX)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected 1 to %zu planes, got %zu", PLANES_MAX,
                        planes);
    p2a_status status = start_values(ctx, kinds, width_px, height_px, values, planes);
    if (status != P2A_OK)
        return status;
    grids g;
    status = grids_create(ctx, kinds, width_px, height_px, &g);
    if (status != P2A_OK)
        return status;
    solve_job job = {&g, options, width_px, height_px, kinds, values, NULL, {0}};
    job.memory = p2a_alloc_zeroed(ctx, planes * g.plane_floats, sizeof(float));
    if (job.memory == NULL) {
        status = p2a_fail_memory(ctx, planes * g.plane_floats * sizeof(float), "membrane");
    } else {
        p2a_pool_run(ctx, solve_planes, &job, planes, 1);
        for (size_t p = 0; residual != NULL && p < planes; p++)
            *residual = fmaxf(*residual, job.residual[p]);
        p2a_free(ctx, job.memory);
    }
    grids_destroy(ctx, &g);
    return status;
}
