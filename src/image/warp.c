/* warp.c - for each target pixel, the place in the picture it comes from -> a weighted mean there
 */
#include "image/warp.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/pool.h"
#include "image/resize.h"

#define ROWS_PER_PIECE 16
#define TAPS 4 /* of Catmull-Rom, each way */
/* In reduced pixels: the 3 lobes of Lanczos and the 2 pixels of Catmull-Rom, less the overlap. */
#define REDUCE_MARGIN_PX 4.0
#define SAMPLES_MAX 16

typedef float lanes __attribute__((vector_size(16)));
typedef uint8_t bytes4 __attribute__((vector_size(4)));

typedef struct warp_job {
    const p2a_image *from;
    double from_target[6];
    p2a_image *to;
} warp_job;

typedef struct plane_job {
    const float *plane;
    double width_px, height_px; /* of the plane */
    double from_target[6];
    size_t samples; /* each way, for a target pixel */
    size_t target_width_px;
    float *out;
} plane_job;

static p2a_status check_finite(p2a_context *ctx, const double m[6])
{
    for (int i = 0; i < 6; i++)
        if (!isfinite(m[i]))
            return p2a_fail(ctx, P2A_ERR_ARGUMENT,
                            "expected finite numbers for a transform, got %g at place %d", m[i], i);
    return P2A_OK;
}

/* Source pixels that one target pixel covers along the source's x (row 0) or y (row 1). */
static double covered_px(const double m[6], int row)
{
    return hypot(m[3 * row], m[3 * row + 1]);
}

static void catmull_rom_weights(float f, float out[TAPS])
{
    out[0] = ((-0.5f * f + 1) * f - 0.5f) * f;
    out[1] = (1.5f * f - 2.5f) * f * f + 1;
    out[2] = ((-1.5f * f + 2) * f + 0.5f) * f;
    out[3] = (0.5f * f - 0.5f) * f * f;
}

/* The first tap for a place, which may be outside of the picture, and the weights. */
static inline ptrdiff_t find_taps(double place, size_t side_px, float weights[TAPS])
{
    /* Farther out than this only the border is seen. Not fmin(): a call for each pixel. */
    const double low = -TAPS, high = (double)side_px + TAPS, at = place - 0.5;
    const double clamped = at < low ? low : at > high ? high : at;
    const ptrdiff_t whole = (ptrdiff_t)(clamped + TAPS) - TAPS; /* the floor */
    catmull_rom_weights((float)(clamped - (double)whole), weights);
    return whole - 1;
}

static size_t inside(ptrdiff_t index, size_t side_px)
{
    return index < 0 ? 0 : index >= (ptrdiff_t)side_px ? side_px - 1 : (size_t)index;
}

static uint8_t to_byte(float value)
{
    return (uint8_t)(value <= 0 ? 0 : value >= 255 ? 255 : value + 0.5f);
}

static inline lanes load_bytes(const uint8_t *from)
{
    bytes4 bytes;
    memcpy(&bytes, from, sizeof bytes);
    return __builtin_convertvector(bytes, lanes);
}

/* A pixel from 4x4 pixels of RGB, rows of them one after another in memory. */
static inline void weigh_rgb(const uint8_t *const rows[TAPS], const float column_weights[TAPS],
                             const float row_weights[TAPS], uint8_t *out)
{
    float sums[TAPS * 3];
    for (int k = 0; k < TAPS * 3; k += TAPS) {
        const lanes four =
            row_weights[0] * load_bytes(rows[0] + k) + row_weights[1] * load_bytes(rows[1] + k) +
            row_weights[2] * load_bytes(rows[2] + k) + row_weights[3] * load_bytes(rows[3] + k);
        memcpy(sums + k, &four, sizeof four);
    }
    for (int c = 0; c < 3; c++)
        out[c] = to_byte(column_weights[0] * sums[c] + column_weights[1] * sums[3 + c] +
                         column_weights[2] * sums[6 + c] + column_weights[3] * sums[9 + c]);
}

/* The same of RGBA: colours count as much as their pixel covers. */
static void weigh_rgba(const uint8_t *const rows[TAPS], const float column_weights[TAPS],
                       const float row_weights[TAPS], uint8_t *out)
{
    float sum[4] = {0};
    for (int j = 0; j < TAPS; j++)
        for (int i = 0; i < TAPS; i++) {
            const uint8_t *pixel = rows[j] + (ptrdiff_t)i * 4;
            const float weight = row_weights[j] * column_weights[i] * (float)pixel[3];
            for (int c = 0; c < 3; c++)
                sum[c] += weight * (float)pixel[c];
            sum[3] += weight;
        }
    for (int c = 0; c < 3; c++)
        out[c] = to_byte(sum[3] > 0 ? sum[c] / sum[3] : 0);
    out[3] = to_byte(sum[3]);
}

static inline void sample(const p2a_image *from, double x, double y, uint8_t *out)
{
    float column_weights[TAPS], row_weights[TAPS];
    const ptrdiff_t left = find_taps(x, from->width_px, column_weights);
    const ptrdiff_t top = find_taps(y, from->height_px, row_weights);
    const uint32_t channels = from->channels;
    const bool whole = left >= 0 && top >= 0 && left + TAPS <= (ptrdiff_t)from->width_px &&
                       top + TAPS <= (ptrdiff_t)from->height_px;
    uint8_t edge[TAPS][TAPS * 4]; /* taps outside of the picture are its border's pixels */
    const uint8_t *rows[TAPS];
    for (int j = 0; j < TAPS; j++) {
        const uint8_t *row = from->pixels + inside(top + j, from->height_px) * from->stride_bytes;
        rows[j] = whole ? row + left * (ptrdiff_t)channels : edge[j];
        for (int i = 0; !whole && i < TAPS; i++)
            memcpy(edge[j] + (size_t)i * channels,
                   row + inside(left + i, from->width_px) * channels, channels);
    }
    if (channels == 4)
        weigh_rgba(rows, column_weights, row_weights, out);
    else
        weigh_rgb(rows, column_weights, row_weights, out);
}

static void warp_rows(void *user, size_t first, size_t count)
{
    const warp_job *job = user;
    const double *m = job->from_target;
    for (size_t row = first; row < first + count; row++) {
        uint8_t *out = job->to->pixels + row * job->to->stride_bytes;
        const double y = (double)row + 0.5;
        for (size_t column = 0; column < job->to->width_px; column++, out += job->to->channels) {
            const double x = (double)column + 0.5;
            sample(job->from, m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5], out);
        }
    }
}

/* [begin, end) of the picture that the target sees along one axis, with a margin; not empty. */
static void find_seen(const double m[6], int row, double width_px, double height_px,
                      double margin_px, size_t side_px, size_t *begin, size_t *end)
{
    const double *r = m + 3 * row;
    const double across = r[0] * width_px, down = r[1] * height_px;
    const double low = r[2] + fmin(across, 0) + fmin(down, 0) - margin_px;
    const double high = r[2] + fmax(across, 0) + fmax(down, 0) + margin_px;
    const double side = (double)side_px;
    *begin = (size_t)fmin(fmax(floor(low), 0), side - 1);
    *end = (size_t)fmin(fmax(ceil(high), (double)*begin + 1), side);
}

/*
 * Make the seen part of the picture so small that a target pixel covers about one of its pixels.
 * The transform is changed to fit.
 */
static p2a_status reduce(p2a_context *ctx, const p2a_image *from, double m[6], size_t width_px,
                         size_t height_px, p2a_image **out)
{
    const double covered[2] = {fmax(covered_px(m, 0), 1), fmax(covered_px(m, 1), 1)};
    p2a_region region;
    find_seen(m, 0, (double)width_px, (double)height_px, covered[0] * REDUCE_MARGIN_PX,
              from->width_px, &region.left, &region.right);
    find_seen(m, 1, (double)width_px, (double)height_px, covered[1] * REDUCE_MARGIN_PX,
              from->height_px, &region.top, &region.bottom);
    const double region_px[2] = {(double)(region.right - region.left),
                                 (double)(region.bottom - region.top)};
    const double origin_px[2] = {(double)region.left, (double)region.top};
    double reduced_px[2];
    for (int row = 0; row < 2; row++) {
        reduced_px[row] = fmax(ceil(region_px[row] / covered[row]), 1);
        const double scale = reduced_px[row] / region_px[row];
        m[3 * row] *= scale;
        m[3 * row + 1] *= scale;
        m[3 * row + 2] = (m[3 * row + 2] - origin_px[row]) * scale;
    }
    return p2a_image_resize_region(ctx, from, &region, (size_t)reduced_px[0], (size_t)reduced_px[1],
                                   out);
}

p2a_status p2a_image_warp(p2a_context *ctx, const p2a_image *photo, const double photo_from_crop[6],
                          size_t width_px, size_t height_px, p2a_image **out)
{
    *out = NULL;
    p2a_status status = check_finite(ctx, photo_from_crop);
    if (status != P2A_OK)
        return status;
    warp_job job = {.from = photo};
    memcpy(job.from_target, photo_from_crop, sizeof(job.from_target));
    p2a_image *reduced = NULL;
    status = p2a_image_alloc(ctx, width_px, height_px, photo->channels, &job.to);
    if (status != P2A_OK)
        goto done;
    if (covered_px(photo_from_crop, 0) > 1 || covered_px(photo_from_crop, 1) > 1) {
        status = reduce(ctx, photo, job.from_target, width_px, height_px, &reduced);
        if (status != P2A_OK)
            goto done;
        job.from = reduced;
    }
    p2a_pool_run(ctx, warp_rows, &job, height_px, ROWS_PER_PIECE);
    *out = job.to;
    job.to = NULL;
done:
    p2a_image_destroy(reduced);
    p2a_image_destroy(job.to);
    return status;
}

static float plane_at(const plane_job *job, double x, double y)
{
    if (x < 0 || y < 0 || x > job->width_px || y > job->height_px)
        return 0;
    const double u = fmin(fmax(x - 0.5, 0), job->width_px - 1);
    const double v = fmin(fmax(y - 0.5, 0), job->height_px - 1);
    const size_t left = (size_t)u, top = (size_t)v, width_px = (size_t)job->width_px;
    const size_t right = left + 1 < width_px ? left + 1 : left;
    const size_t bottom = (double)(top + 1) < job->height_px ? top + 1 : top;
    const float fx = (float)(u - (double)left), fy = (float)(v - (double)top);
    const float *upper = job->plane + top * width_px, *lower = job->plane + bottom * width_px;
    return (upper[left] * (1 - fx) + upper[right] * fx) * (1 - fy) +
           (lower[left] * (1 - fx) + lower[right] * fx) * fy;
}

static void warp_plane_rows(void *user, size_t first, size_t count)
{
    const plane_job *job = user;
    const double *m = job->from_target;
    const size_t n = job->samples;
    for (size_t row = first; row < first + count; row++)
        for (size_t column = 0; column < job->target_width_px; column++) {
            float sum = 0;
            for (size_t j = 0; j < n; j++)
                for (size_t i = 0; i < n; i++) {
                    const double x = (double)column + ((double)i + 0.5) / (double)n;
                    const double y = (double)row + ((double)j + 0.5) / (double)n;
                    sum += plane_at(job, m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]);
                }
            job->out[row * job->target_width_px + column] = sum / (float)(n * n);
        }
}

p2a_status p2a_plane_warp(p2a_context *ctx, const float *plane, size_t plane_width_px,
                          size_t plane_height_px, const double plane_from_target[6],
                          size_t width_px, size_t height_px, float *out)
{
    const p2a_status status = check_finite(ctx, plane_from_target);
    if (status != P2A_OK)
        return status;
    plane_job job = {.plane = plane,
                     .width_px = (double)plane_width_px,
                     .height_px = (double)plane_height_px,
                     .target_width_px = width_px,
                     .out = out};
    memcpy(job.from_target, plane_from_target, sizeof(job.from_target));
    const double covered = fmax(covered_px(plane_from_target, 0), covered_px(plane_from_target, 1));
    job.samples = (size_t)fmin(fmax(ceil(covered), 1), SAMPLES_MAX);
    p2a_pool_run(ctx, warp_plane_rows, &job, height_px, ROWS_PER_PIECE);
    return P2A_OK;
}
