/* resize.c - rows and columns as weighted sums of rows and columns: separable resampling */
#include "image/resize.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/pool.h"

#define PI 3.14159265358979323846
#define LANCZOS_LOBES 3.0
#define CATMULL_ROM_RADIUS 2.0
#define CHANNELS_MAX 4
#define PIECES_PER_THREAD 4

/* Which source pixels make target pixel i: weights[i * taps ..] over first[i] + 0..count[i]. */
typedef struct axis {
    uint32_t *first;
    uint32_t *count;
    float *weights; /* sum 1 for each target pixel */
    size_t taps;    /* room for one target pixel */
} axis;

static double lanczos(double x)
{
    if (x == 0)
        return 1;
    if (fabs(x) >= LANCZOS_LOBES)
        return 0;
    const double a = PI * x;
    return LANCZOS_LOBES * sin(a) * sin(a / LANCZOS_LOBES) / (a * a);
}

/* Keys 1981 with a = -1/2: interpolates, and reproduces a parabola exactly. */
static double catmull_rom(double x)
{
    x = fabs(x);
    if (x < 1)
        return (1.5 * x - 2.5) * x * x + 1;
    if (x < CATMULL_ROM_RADIUS)
        return ((-0.5 * x + 2.5) * x - 4) * x + 2;
    return 0;
}

static void axis_destroy(p2a_context *ctx, axis *a)
{
    p2a_free(ctx, a->first);
    p2a_free(ctx, a->count);
    p2a_free(ctx, a->weights);
    memset(a, 0, sizeof(*a));
}

static p2a_status axis_create(p2a_context *ctx, size_t source_px, size_t target_px, axis *out)
{
    const double ratio = (double)source_px / (double)target_px;
    const double stretch = ratio > 1 ? ratio : 1;
    const double radius = (ratio > 1 ? LANCZOS_LOBES : CATMULL_ROM_RADIUS) * stretch;
    const size_t taps = (size_t)ceil(2 * radius) + 1;
    axis a = {.taps = taps < source_px ? taps : source_px};
    size_t weight_count = 0;
    const bool fits = p2a_mul_size(target_px, a.taps, &weight_count);
    a.first = p2a_alloc_zeroed(ctx, target_px, sizeof(*a.first));
    a.count = p2a_alloc_zeroed(ctx, target_px, sizeof(*a.count));
    a.weights = fits ? p2a_alloc_zeroed(ctx, weight_count, sizeof(*a.weights)) : NULL;
    if (a.first == NULL || a.count == NULL || a.weights == NULL) {
        axis_destroy(ctx, &a);
        return p2a_fail_memory(ctx, weight_count * sizeof(*a.weights), "resizing weights");
    }

    for (size_t i = 0; i < target_px; i++) {
        const double centre = ((double)i + 0.5) * ratio;
        const double begin = fmax(floor(centre - radius), 0);
        const double end = fmin(ceil(centre + radius), (double)source_px);
        const size_t first = (size_t)begin;
        const size_t count = (size_t)end - first;
        assert(count <= a.taps);
        float *weights = a.weights + i * a.taps;
        double sum = 0;
        for (size_t t = 0; t < count; t++) {
            const double x = ((double)(first + t) + 0.5 - centre) / stretch;
            const double weight = ratio > 1 ? lanczos(x) : catmull_rom(x);
            weights[t] = (float)weight;
            sum += weight;
        }
        for (size_t t = 0; t < count; t++)
            weights[t] = (float)(weights[t] / sum);
        a.first[i] = (uint32_t)first;
        a.count[i] = (uint32_t)count;
    }
    *out = a;
    return P2A_OK;
}

typedef struct resize_job {
    const p2a_image *from;
    p2a_region region;
    p2a_image *to;
    axis columns, rows;
    float *scratch; /* a row of from's width for each piece */
    size_t scratch_floats;
    size_t piece; /* target rows of a piece */
} resize_job;

/* sum += weight * row, colours multiplied by their alpha (0..1) where there is one. */
static void add_row(float *sum, const uint8_t *row, float weight, size_t width_px,
                    uint32_t channels)
{
    if (channels == 3) {
        for (size_t i = 0; i < width_px * 3; i++)
            sum[i] += weight * (float)row[i];
        return;
    }
    for (size_t x = 0; x < width_px; x++, sum += 4, row += 4) {
        const float alpha = weight * (float)row[3];
        sum[0] += alpha * (float)row[0];
        sum[1] += alpha * (float)row[1];
        sum[2] += alpha * (float)row[2];
        sum[3] += alpha;
    }
}

static inline uint8_t to_byte(float value)
{
    return (uint8_t)(value <= 0 ? 0 : value >= 255 ? 255 : value + 0.5f);
}

static inline void resize_row(const axis *columns, const float *row, uint8_t *out, size_t width_px,
                              uint32_t channels)
{
    for (size_t x = 0; x < width_px; x++, out += channels) {
        const float *weights = columns->weights + x * columns->taps;
        const float *at = row + (size_t)columns->first[x] * channels;
        float sum[CHANNELS_MAX] = {0};
        for (uint32_t t = 0; t < columns->count[x]; t++, at += channels)
            for (uint32_t c = 0; c < channels; c++)
                sum[c] += weights[t] * at[c];
        if (channels == 4) {
            const float scale = sum[3] > 0 ? 1 / sum[3] : 0;
            for (uint32_t c = 0; c < 3; c++)
                sum[c] *= scale;
            out[3] = to_byte(sum[3]);
        }
        for (uint32_t c = 0; c < 3; c++)
            out[c] = to_byte(sum[c]);
    }
}

static void resize_rows(void *user, size_t first, size_t count)
{
    resize_job *job = user;
    const uint32_t channels = job->from->channels;
    const size_t from_px = job->region.right - job->region.left;
    float *row = job->scratch + first / job->piece * job->scratch_floats;
    for (size_t y = first; y < first + count; y++) {
        memset(row, 0, from_px * channels * sizeof(*row));
        const float *weights = job->rows.weights + y * job->rows.taps;
        const uint8_t *at = job->from->pixels +
                            (job->region.top + job->rows.first[y]) * job->from->stride_bytes +
                            job->region.left * channels;
        for (uint32_t t = 0; t < job->rows.count[y]; t++, at += job->from->stride_bytes)
            add_row(row, at, weights[t], from_px, channels);
        uint8_t *out = job->to->pixels + y * job->to->stride_bytes;
        if (channels == 3)
            resize_row(&job->columns, row, out, job->to->width_px, 3);
        else
            resize_row(&job->columns, row, out, job->to->width_px, 4);
    }
}

static p2a_status copy_region(p2a_image *to, const p2a_image *from, const p2a_region *region)
{
    for (size_t y = 0; y < to->height_px; y++)
        memcpy(to->pixels + y * to->stride_bytes,
               from->pixels + (region->top + y) * from->stride_bytes +
                   region->left * from->channels,
               to->stride_bytes);
    return P2A_OK;
}

p2a_status p2a_image_resize_region(p2a_context *ctx, const p2a_image *image,
                                   const p2a_region *region, size_t width_px, size_t height_px,
                                   p2a_image **out)
{
    assert(region->left < region->right && region->right <= image->width_px);
    assert(region->top < region->bottom && region->bottom <= image->height_px);
    *out = NULL;
    const size_t from_width_px = region->right - region->left;
    const size_t from_height_px = region->bottom - region->top;
    resize_job job = {.from = image, .region = *region};

    p2a_status status = p2a_image_alloc(ctx, width_px, height_px, image->channels, &job.to);
    if (status != P2A_OK)
        return status;
    if (from_width_px == width_px && from_height_px == height_px) {
        *out = job.to;
        return copy_region(job.to, image, region);
    }
    status = axis_create(ctx, from_width_px, width_px, &job.columns);
    if (status != P2A_OK)
        goto done;
    status = axis_create(ctx, from_height_px, height_px, &job.rows);
    if (status != P2A_OK)
        goto done;

    /* A few pieces for each thread, so that none waits long for the last one. */
    const size_t threads = p2a_context_threads(ctx);
    const size_t pieces = threads == 1 ? 1 : PIECES_PER_THREAD * threads;
    job.piece = (height_px + pieces - 1) / pieces;
    job.scratch_floats = from_width_px * image->channels;
    size_t scratch_count;
    const bool fits = p2a_mul_size(job.scratch_floats, pieces, &scratch_count);
    job.scratch = fits ? p2a_alloc_zeroed(ctx, scratch_count, sizeof(*job.scratch)) : NULL;
    if (job.scratch == NULL) {
        status = p2a_fail_memory(ctx, scratch_count * sizeof(*job.scratch), "resizing rows");
        goto done;
    }
    p2a_pool_run(ctx, resize_rows, &job, height_px, job.piece);
    *out = job.to;
    job.to = NULL;
done:
    p2a_free(ctx, job.scratch);
    axis_destroy(ctx, &job.rows);
    axis_destroy(ctx, &job.columns);
    p2a_image_destroy(job.to);
    return status;
}

p2a_status p2a_image_resize(p2a_context *ctx, const p2a_image *image, size_t width_px,
                            size_t height_px, p2a_image **out)
{
    const p2a_region whole = {0, 0, image->width_px, image->height_px};
    return p2a_image_resize_region(ctx, image, &whole, width_px, height_px, out);
}
