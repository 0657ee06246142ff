/* lab.c - 8-bit pixels -> L, a, b planes and back, statistics under a mask */
#include "face/lab.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/pool.h"
#include "image/colour.h"

#define ROWS_A_PIECE 16
#define BINS 1001 /* tenths of 0..100 */

typedef struct lab_job {
    const p2a_lab *lab;
    const p2a_image *from;
    p2a_image *to;
    float linear[256];
} lab_job;

static void convert_rows(void *user, size_t first, size_t count)
{
    const lab_job *job = user;
    const p2a_lab *lab = job->lab;
    for (size_t y = first; y < first + count; y++) {
        const uint8_t *p = job->from->pixels + y * job->from->stride_bytes;
        for (size_t x = 0; x < lab->width_px; x++, p += job->from->channels) {
            const float rgb[3] = {job->linear[p[0]], job->linear[p[1]], job->linear[p[2]]};
            float v[3];
            p2a_lab_from_linear(rgb, v);
            for (int c = 0; c < 3; c++)
                lab->planes[c][y * lab->width_px + x] = v[c];
        }
    }
}

p2a_status p2a_lab_create(p2a_context *ctx, const p2a_image *image, p2a_lab *out)
{
    memset(out, 0, sizeof *out);
    const size_t count = (size_t)image->width_px * image->height_px;
    size_t bytes;
    if (!p2a_mul_size(count, 3 * sizeof(float) + 1, &bytes))
        return p2a_fail_memory(ctx, SIZE_MAX, "colours");
    float *block = p2a_alloc(ctx, bytes);
    if (block == NULL)
        return p2a_fail_memory(ctx, bytes, "colours");
    out->ctx = ctx;
    out->width_px = image->width_px;
    out->height_px = image->height_px;
    for (size_t c = 0; c < 3; c++)
        out->planes[c] = block + c * count;
    out->changed = (uint8_t *)(block + 3 * count);
    memset(out->changed, 0, count);
    lab_job job = {out, image, NULL, {0}};
    p2a_linear_from_bytes(job.linear);
    p2a_pool_run(ctx, convert_rows, &job, out->height_px, ROWS_A_PIECE);
    return P2A_OK;
}

void p2a_lab_destroy(p2a_lab *lab)
{
    if (lab == NULL)
        return;
    if (lab->ctx != NULL)
        p2a_free(lab->ctx, lab->planes[0]);
    memset(lab, 0, sizeof *lab);
}

static void store_rows(void *user, size_t first, size_t count)
{
    const lab_job *job = user;
    const p2a_lab *lab = job->lab;
    for (size_t y = first; y < first + count; y++) {
        uint8_t *p = job->to->pixels + y * job->to->stride_bytes;
        for (size_t x = 0; x < lab->width_px; x++, p += job->to->channels) {
            size_t i = y * lab->width_px + x;
            if (!lab->changed[i])
                continue;
            const float v[3] = {lab->planes[0][i], lab->planes[1][i], lab->planes[2][i]};
            float rgb[3];
            p2a_linear_from_lab(v, rgb);
            for (int c = 0; c < 3; c++) {
                float srgb = p2a_srgb_from_linear(fminf(fmaxf(rgb[c], 0.0f), 1.0f));
                p[c] = (uint8_t)(srgb * 255.0f + 0.5f);
            }
        }
    }
}

void p2a_lab_store(const p2a_lab *lab, p2a_image *image)
{
    lab_job job = {lab, NULL, image, {0}};
    p2a_pool_run(lab->ctx, store_rows, &job, lab->height_px, ROWS_A_PIECE);
}

float p2a_lab_percentile(const float *values, const float *mask, size_t count, float part,
                         float empty)
{
    double bins[BINS] = {0}, weight = 0;
    for (size_t i = 0; i < count; i++) {
        if (!(mask[i] > 0.0f))
            continue;
        float v = fminf(fmaxf(values[i], 0.0f), 100.0f);
        bins[(size_t)(v * 10.0f + 0.5f)] += (double)mask[i];
        weight += (double)mask[i];
    }
    if (!(weight > 0))
        return empty;
    double below = 0;
    size_t bin = 0;
    while (bin + 1 < BINS && (below += bins[bin]) < (double)part * weight)
        bin++;
    return (float)bin * 0.1f;
}

float p2a_lab_mean(const float *values, const float *mask, size_t count, float empty)
{
    double sum = 0, weight = 0;
    for (size_t i = 0; i < count; i++) {
        if (!(mask[i] > 0.0f))
            continue;
        sum += (double)mask[i] * (double)values[i];
        weight += (double)mask[i];
    }
    return weight > 0 ? (float)(sum / weight) : empty;
}

double p2a_lab_weight(const float *mask, size_t count)
{
    double weight = 0;
    for (size_t i = 0; i < count; i++)
        weight += (double)mask[i];
    return weight;
}
