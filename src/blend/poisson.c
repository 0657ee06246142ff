/* poisson.c - scene - patch along the mask's edge -> a membrane -> the patch set in without a seam
 */
#include "blend/poisson.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/pool.h"
#include "blend/feather.h"
#include "blend/membrane.h"

#define ROWS_A_PIECE 16
#define SOLVE_PX_MAX 8192u
#define LEVELS 511 /* a difference of two bytes: -255..255 */

/* The patch in the scene, its masked rectangle, and the grid of cells that covers it. */
typedef struct blend_job {
    p2a_image *scene;
    const p2a_image *patch;
    size_t left_px, top_px;             /* of the patch in the scene */
    size_t x0, y0, width_px, height_px; /* masked rectangle, in the patch */
    size_t cell_px, columns, rows, cells;
    uint8_t *kinds; /* [rows, columns] of p2a_membrane_kind */
    float *offsets; /* 3 planes [rows, columns]: scene - patch, levels of 255 */
    float *weights; /* [rows, columns]: pixels of the edge in a cell, then how far it is trusted */
    float *scratch; /* [rows, columns] */
} blend_job;

void p2a_poisson_options_default(p2a_poisson_options *options)
{
    *options = (p2a_poisson_options){48.0f, 384, 0.1f, 6};
}

static p2a_status check_options(p2a_context *ctx, const p2a_poisson_options *o)
{
    if (!(o->bleed_limit >= 0.0f))
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected at least 0 for bleed_limit, got %g",
                        (double)o->bleed_limit);
    if (o->solve_px < 1 || o->solve_px > SOLVE_PX_MAX)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected 1 to %u for solve_px, got %u",
                        SOLVE_PX_MAX, (unsigned)o->solve_px);
    if (!(o->tolerance >= 0.0f))
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected at least 0 for tolerance, got %g",
                        (double)o->tolerance);
    return P2A_OK;
}

static unsigned alpha_at(const p2a_image *patch, size_t x, size_t y)
{
    return patch->pixels[y * patch->stride_bytes + 4 * x + 3];
}

/* The rectangle of pixels with alpha; false where there is none. */
static bool find_masked(blend_job *job)
{
    size_t left = SIZE_MAX, right = 0, top = SIZE_MAX, bottom = 0;
    for (size_t y = 0; y < job->patch->height_px; y++) {
        for (size_t x = 0; x < job->patch->width_px; x++) {
            if (alpha_at(job->patch, x, y) == 0)
                continue;
            left = x < left ? x : left;
            right = x > right ? x : right;
            top = y < top ? y : top;
            bottom = y;
        }
    }
    if (left == SIZE_MAX)
        return false;
    job->x0 = left;
    job->y0 = top;
    job->width_px = right - left + 1;
    job->height_px = bottom - top + 1;
    return true;
}

/* A masked pixel with a neighbour in the scene that is not masked. */
static bool is_edge(const blend_job *job, size_t x, size_t y)
{
    const p2a_image *patch = job->patch;
    const size_t sx = job->left_px + x, sy = job->top_px + y;
    if (sx > 0 && (x == 0 || alpha_at(patch, x - 1, y) == 0))
        return true;
    if (sx + 1 < job->scene->width_px &&
        (x + 1 == patch->width_px || alpha_at(patch, x + 1, y) == 0))
        return true;
    if (sy > 0 && (y == 0 || alpha_at(patch, x, y - 1) == 0))
        return true;
    return sy + 1 < job->scene->height_px &&
           (y + 1 == patch->height_px || alpha_at(patch, x, y + 1) == 0);
}

/* Sort the cells into outside, edge and inside; edge cells get their mean difference. */
static void fill_cells(blend_job *job)
{
    for (size_t y = job->y0; y < job->y0 + job->height_px; y++) {
        const uint8_t *p = job->patch->pixels + y * job->patch->stride_bytes;
        const uint8_t *s = job->scene->pixels + (job->top_px + y) * job->scene->stride_bytes +
                           job->left_px * job->scene->channels;
        for (size_t x = job->x0; x < job->x0 + job->width_px; x++) {
            if (p[4 * x + 3] == 0)
                continue;
            size_t cell =
                (y - job->y0) / job->cell_px * job->columns + (x - job->x0) / job->cell_px;
            if (!is_edge(job, x, y)) {
                if (job->kinds[cell] == P2A_MEMBRANE_OUTSIDE)
                    job->kinds[cell] = P2A_MEMBRANE_UNKNOWN;
                continue;
            }
            job->kinds[cell] = P2A_MEMBRANE_KNOWN;
            job->weights[cell] += 1.0f;
            for (size_t c = 0; c < 3; c++)
                job->offsets[c * job->cells + cell] +=
                    (float)(s[x * job->scene->channels + c] - p[4 * x + c]);
        }
    }
    for (size_t i = 0; i < job->cells; i++)
        for (size_t c = 0; job->weights[i] > 0.0f && c < 3; c++)
            job->offsets[c * job->cells + i] /= job->weights[i];
}

static float edge_median(const blend_job *job, const float *plane, size_t edge_cells)
{
    size_t histogram[LEVELS] = {0}, below = 0;
    for (size_t i = 0; i < job->cells; i++)
        if (job->kinds[i] == P2A_MEMBRANE_KNOWN)
            histogram[(size_t)lrintf(plane[i] + 255.0f)]++;
    size_t level = 0;
    while (2 * (below += histogram[level]) < edge_cells)
        level++;
    return (float)level - 255.0f;
}

/*
 * Where the edge's difference is far from the median, replace it by what the trusted edge nearby
 * says. Returns the part of the edge that was replaced.
 */
static p2a_status keep_from_bleeding(p2a_context *ctx, blend_job *job, float limit,
                                     float *untrusted)
{
    size_t edge_cells = 0;
    for (size_t i = 0; i < job->cells; i++)
        edge_cells += job->kinds[i] == P2A_MEMBRANE_KNOWN;
    *untrusted = 0.0f;
    if (!(limit > 0.0f) || edge_cells == 0)
        return P2A_OK;
    float medians[3], doubt = 0.0f;
    for (size_t c = 0; c < 3; c++)
        medians[c] = edge_median(job, job->offsets + c * job->cells, edge_cells);
    for (size_t i = 0; i < job->cells; i++) {
        float apart = 0.0f;
        for (size_t c = 0; c < 3; c++)
            apart = fmaxf(apart, fabsf(job->offsets[c * job->cells + i] - medians[c]));
        float trust = fminf(fmaxf(2.0f - apart / limit, 0.0f), 1.0f);
        job->weights[i] = job->kinds[i] == P2A_MEMBRANE_KNOWN ? trust : 0.0f;
        doubt += job->kinds[i] == P2A_MEMBRANE_KNOWN ? 1.0f - trust : 0.0f;
    }
    *untrusted = doubt / (float)edge_cells;
    p2a_status status = P2A_OK;
    for (size_t c = 0; doubt > 0.0f && c < 3 && status == P2A_OK; c++) {
        float *plane = job->offsets + c * job->cells;
        memcpy(job->scratch, plane, job->cells * sizeof *plane);
        status = p2a_membrane_fill(ctx, job->scratch, job->weights, job->columns, job->rows);
        for (size_t i = 0; status == P2A_OK && i < job->cells; i++)
            if (job->kinds[i] == P2A_MEMBRANE_KNOWN)
                plane[i] = job->scratch[i];
    }
    return status;
}

/* Give outside cells the mean of the cells next to them, for the interpolation between cells. */
static void extend_cells(blend_job *job)
{
    for (size_t y = 0; y < job->rows; y++) {
        for (size_t x = 0; x < job->columns; x++) {
            if (job->kinds[y * job->columns + x] != P2A_MEMBRANE_OUTSIDE)
                continue;
            float sums[3] = {0}, count = 0.0f;
            for (size_t j = y > 0 ? y - 1 : 0; j <= y + 1 && j < job->rows; j++) {
                for (size_t i = x > 0 ? x - 1 : 0; i <= x + 1 && i < job->columns; i++) {
                    size_t cell = j * job->columns + i;
                    if (job->kinds[cell] == P2A_MEMBRANE_OUTSIDE)
                        continue;
                    count += 1.0f;
                    for (size_t c = 0; c < 3; c++)
                        sums[c] += job->offsets[c * job->cells + cell];
                }
            }
            for (size_t c = 0; count > 0.0f && c < 3; c++)
                job->offsets[c * job->cells + y * job->columns + x] = sums[c] / count;
        }
    }
}

/* Two neighbouring cells of a pixel and the weight of the second, by the cells' centres. */
static float between_cells(size_t px, size_t cell_px, size_t cells, size_t *first, size_t *second)
{
    float at = ((float)px + 0.5f) / (float)cell_px - 0.5f;
    at = fminf(fmaxf(at, 0.0f), (float)(cells - 1));
    *first = (size_t)at;
    *second = *first + 1 < cells ? *first + 1 : *first;
    return at - (float)*first;
}

static uint8_t mix_byte(uint8_t scene, float painted, unsigned alpha)
{
    painted = fminf(fmaxf(painted, 0.0f), 255.0f);
    float v = (float)scene + (painted - (float)scene) * ((float)alpha / 255.0f);
    return (uint8_t)(v + 0.5f);
}

static void blend_rows(void *user, size_t first, size_t count)
{
    const blend_job *job = user;
    const size_t channels = job->scene->channels;
    for (size_t y = first; y < first + count; y++) {
        const uint8_t *p = job->patch->pixels + (job->y0 + y) * job->patch->stride_bytes;
        uint8_t *s = job->scene->pixels + (job->top_px + job->y0 + y) * job->scene->stride_bytes +
                     job->left_px * channels;
        size_t ya, yb, xa, xb;
        float fy = between_cells(y, job->cell_px, job->rows, &ya, &yb);
        for (size_t x = 0; x < job->width_px; x++) {
            const uint8_t *pp = p + 4 * (job->x0 + x);
            uint8_t *ss = s + channels * (job->x0 + x);
            if (pp[3] == 0)
                continue;
            float fx = between_cells(x, job->cell_px, job->columns, &xa, &xb);
            for (size_t c = 0; c < 3; c++) {
                const float *a = job->offsets + c * job->cells + ya * job->columns;
                const float *b = job->offsets + c * job->cells + yb * job->columns;
                float above = a[xa] + fx * (a[xb] - a[xa]), below = b[xa] + fx * (b[xb] - b[xa]);
                ss[c] = mix_byte(ss[c], (float)pp[c] + above + fy * (below - above), pp[3]);
            }
        }
    }
}

static p2a_status solve_and_blend(p2a_context *ctx, blend_job *job,
                                  const p2a_poisson_options *options, p2a_poisson_report *report)
{
    fill_cells(job);
    p2a_status status = keep_from_bleeding(ctx, job, options->bleed_limit, &report->untrusted);
    if (status != P2A_OK)
        return status;
    const p2a_membrane_options membrane = {options->tolerance, options->max_cycles};
    status = p2a_membrane_solve(ctx, job->kinds, job->columns, job->rows, job->offsets, 3,
                                &membrane, &report->residual);
    if (status != P2A_OK)
        return status;
    if (job->cell_px > 1)
        extend_cells(job);
    p2a_pool_run(ctx, blend_rows, job, job->height_px, ROWS_A_PIECE);
    return P2A_OK;
}

p2a_status p2a_poisson_blend(p2a_context *ctx, p2a_image *scene, const p2a_image *patch,
                             size_t left_px, size_t top_px, const p2a_poisson_options *options,
                             p2a_poisson_report *report)
{
    p2a_poisson_options defaults;
    p2a_poisson_report own = {0};
    p2a_poisson_options_default(&defaults);
    options = options != NULL ? options : &defaults;
    if (report != NULL)
        *report = own;
    p2a_status status = p2a_blend_check(ctx, scene, patch, left_px, top_px);
    if (status == P2A_OK)
        status = check_options(ctx, options);
    blend_job job = {.scene = scene, .patch = patch, .left_px = left_px, .top_px = top_px};
    if (status != P2A_OK || !find_masked(&job))
        return status;

    size_t longest = job.width_px > job.height_px ? job.width_px : job.height_px;
    job.cell_px = (longest + options->solve_px - 1) / options->solve_px;
    job.columns = (job.width_px + job.cell_px - 1) / job.cell_px;
    job.rows = (job.height_px + job.cell_px - 1) / job.cell_px;
    job.cells = job.columns * job.rows;
    float *block = p2a_alloc_zeroed(ctx, job.cells, 5 * sizeof(float) + 1);
    if (block == NULL)
        return p2a_fail_memory(ctx, job.cells * (5 * sizeof(float) + 1), "blend");
    job.offsets = block;
    job.weights = block + 3 * job.cells;
    job.scratch = block + 4 * job.cells;
    job.kinds = (uint8_t *)(block + 5 * job.cells);
    own.reduced = (uint32_t)job.cell_px;
    status = solve_and_blend(ctx, &job, options, &own);
    if (status == P2A_OK && report != NULL)
        *report = own;
    p2a_free(ctx, block);
    return status;
}
