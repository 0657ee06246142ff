/* png_write.c - rows -> filtered rows -> stripes compressed side by side -> IDAT chunks */
#include "image/png_write.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/pool.h"
#include "image/checksum.h"
#include "image/deflate.h"

/*
 * Rows compressed by themselves. Larger loses less at the seams (below 1 % of the file here) and
 * smaller lets more threads work on a small picture.
 */
#define STRIPE_BYTES 262144
#define STRIPES_PER_THREAD 2

#define FILTERS 5 /* none, sub, up, average, Paeth: PNG specification, 9.2 */
#define CHUNK_HEAD_BYTES 8
#define CHUNK_TAIL_BYTES 4
#define ZLIB_HEAD_BYTES 2
#define ZLIB_TAIL_BYTES 4

typedef struct stripe {
    uint8_t *filtered;
    void *scratch;
    uint8_t *chunk; /* a whole IDAT chunk; the checksums of pixels and chunk are set later */
    size_t data_bytes;
    size_t raw_bytes;
    uint32_t adler;
} stripe;

typedef struct write_job {
    const p2a_image *image;
    size_t rows_per_stripe, stripe_count;
    size_t first_stripe; /* of the ones that are under way */
    stripe *stripes;
} write_job;

static void put_u32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

/* Branch-free, so that a loop over it becomes SIMD. */
static inline int paeth(int left, int up, int up_left)
{
    const int to_left = abs(up - up_left), to_up = abs(left - up_left);
    const int to_up_left = abs(left + up - 2 * up_left);
    const int nearer_up = to_up <= to_up_left ? up : up_left;
    return ((to_left <= to_up) & (to_left <= to_up_left)) ? left : nearer_up;
}

/* What a filter leaves of a byte, as a number from 0 to 128: small ones compress well. */
static inline uint32_t cost_of(int rest)
{
    return (uint32_t)abs((int8_t)rest);
}

/*
 * The filter with the smallest sum of rests, the rule of thumb of the PNG specification, 12.8.
 * The first pixel of the row is left out.
 */
static uint32_t choose_filter(const uint8_t *row, const uint8_t *up, size_t bytes, size_t pixel)
{
    uint32_t none = 0, sub = 0, above = 0, average = 0, nearest = 0;
    for (size_t i = pixel; i < bytes; i++) {
        const int left = row[i - pixel], up_left = up[i - pixel];
        none += cost_of(row[i]);
        sub += cost_of(row[i] - left);
        above += cost_of(row[i] - up[i]);
        average += cost_of(row[i] - (left + up[i]) / 2);
        nearest += cost_of(row[i] - paeth(left, up[i], up_left));
    }
    const uint32_t costs[FILTERS] = {none, sub, above, average, nearest};
    uint32_t best = 0;
    for (uint32_t f = 1; f < FILTERS; f++)
        if (costs[f] < costs[best])
            best = f;
    return best;
}

static inline void filter_bytes(uint32_t filter, const uint8_t *row, const uint8_t *up,
                                size_t begin, size_t end, size_t pixel, uint8_t *out)
{
    for (size_t i = begin; i < end; i++) {
        const int left = i >= pixel ? row[i - pixel] : 0;
        const int up_left = i >= pixel ? up[i - pixel] : 0;
        int guess = 0;
        switch (filter) {
        case 1:
            guess = left;
            break;
        case 2:
            guess = up[i];
            break;
        case 3:
            guess = (left + up[i]) / 2;
            break;
        case 4:
            guess = paeth(left, up[i], up_left);
            break;
        default:
            break;
        }
        out[i] = (uint8_t)(row[i] - guess);
    }
}

/* up: the row above; for the first row, zeros. out: 1 + bytes. */
static void filter_row(const uint8_t *row, const uint8_t *up, size_t bytes, size_t pixel,
                       uint8_t *out)
{
    const uint32_t filter = choose_filter(row, up, bytes, pixel);
    *out++ = (uint8_t)filter;
    filter_bytes(filter, row, up, 0, pixel, pixel, out);
    switch (filter) { /* a constant for each loop */
    case 1:
        filter_bytes(1, row, up, pixel, bytes, pixel, out);
        break;
    case 2:
        filter_bytes(2, row, up, pixel, bytes, pixel, out);
        break;
    case 3:
        filter_bytes(3, row, up, pixel, bytes, pixel, out);
        break;
    case 4:
        filter_bytes(4, row, up, pixel, bytes, pixel, out);
        break;
    default:
        memcpy(out + pixel, row + pixel, bytes - pixel);
        break;
    }
}

static void write_stripe(const write_job *job, size_t index, stripe *s)
{
    const p2a_image *image = job->image;
    const size_t first = index * job->rows_per_stripe;
    const size_t left = image->height_px - first;
    const size_t rows = left < job->rows_per_stripe ? left : job->rows_per_stripe;
    const size_t row_bytes = image->stride_bytes;
    for (size_t i = 0; i < rows; i++) {
        const uint8_t *row = image->pixels + (first + i) * row_bytes;
        uint8_t *out = s->filtered + i * (row_bytes + 1);
        if (first + i > 0) {
            filter_row(row, row - row_bytes, row_bytes, image->channels, out);
        } else { /* nothing above: the difference to the left is all there is */
            *out++ = 1;
            memcpy(out, row, image->channels);
            for (size_t b = image->channels; b < row_bytes; b++)
                out[b] = (uint8_t)(row[b] - row[b - image->channels]);
        }
    }
    s->raw_bytes = rows * (row_bytes + 1);
    s->adler = p2a_adler(s->filtered, s->raw_bytes);

    uint8_t *data = s->chunk + CHUNK_HEAD_BYTES;
    s->data_bytes = 0;
    if (index == 0) { /* RFC 1950, 2.2: Deflate, a window of 32 kB, the usual effort */
        data[0] = 0x78;
        data[1] = 0x9c;
        s->data_bytes = ZLIB_HEAD_BYTES;
    }
    s->data_bytes += p2a_deflate(s->filtered, s->raw_bytes, index + 1 == job->stripe_count,
                                 s->scratch, data + s->data_bytes);
}

static void write_stripes(void *user, size_t first, size_t count)
{
    write_job *job = user;
    for (size_t i = first; i < first + count; i++)
        write_stripe(job, job->first_stripe + i, &job->stripes[i]);
}

static void append_chunk(p2a_output *output, const p2a_crc_tables *crc, const char *type,
                         uint8_t *chunk, size_t data_bytes)
{
    put_u32(chunk, (uint32_t)data_bytes);
    memcpy(chunk + 4, type, 4);
    put_u32(chunk + CHUNK_HEAD_BYTES + data_bytes, p2a_crc(crc, chunk + 4, data_bytes + 4));
    p2a_output_append(output, chunk, CHUNK_HEAD_BYTES + data_bytes + CHUNK_TAIL_BYTES);
}

static void append_header(p2a_output *output, const p2a_crc_tables *crc, const p2a_image *image)
{
    static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    p2a_output_append(output, signature, sizeof(signature));
    uint8_t chunk[CHUNK_HEAD_BYTES + 13 + CHUNK_TAIL_BYTES] = {0};
    uint8_t *data = chunk + CHUNK_HEAD_BYTES;
    put_u32(data, image->width_px);
    put_u32(data + 4, image->height_px);
    data[8] = 8;
    data[9] = image->channels == 4 ? 6 : 2;
    append_chunk(output, crc, "IHDR", chunk, 13);
}

static p2a_status make_stripes(p2a_context *ctx, stripe *stripes, size_t count, size_t raw_bytes)
{
    const size_t chunk_bytes = CHUNK_HEAD_BYTES + ZLIB_HEAD_BYTES + p2a_deflate_bound(raw_bytes) +
                               ZLIB_TAIL_BYTES + CHUNK_TAIL_BYTES;
    for (size_t i = 0; i < count; i++) {
        stripes[i].filtered = p2a_alloc(ctx, raw_bytes);
        stripes[i].scratch = p2a_alloc(ctx, p2a_deflate_scratch_bytes());
        stripes[i].chunk = p2a_alloc(ctx, chunk_bytes);
        if (stripes[i].filtered == NULL || stripes[i].scratch == NULL || stripes[i].chunk == NULL)
            return p2a_fail_memory(ctx, raw_bytes + p2a_deflate_scratch_bytes() + chunk_bytes,
                                   "compressing a PNG");
    }
    return P2A_OK;
}

p2a_status p2a_png_write(p2a_context *ctx, const p2a_image *image, p2a_output *output)
{
    p2a_crc_tables crc;
    p2a_crc_fill(&crc);
    const size_t raw_row = image->stride_bytes + 1;
    write_job job = {.image = image};
    job.rows_per_stripe = raw_row < STRIPE_BYTES ? STRIPE_BYTES / raw_row : 1;
    if (job.rows_per_stripe > image->height_px)
        job.rows_per_stripe = image->height_px;
    job.stripe_count = (image->height_px + job.rows_per_stripe - 1) / job.rows_per_stripe;

    const size_t threads = p2a_context_threads(ctx);
    size_t at_once = threads == 1 ? 1 : threads * STRIPES_PER_THREAD;
    if (at_once > job.stripe_count)
        at_once = job.stripe_count;
    job.stripes = p2a_alloc_zeroed(ctx, at_once, sizeof(*job.stripes));
    if (job.stripes == NULL)
        return p2a_fail_memory(ctx, at_once * sizeof(*job.stripes), "compressing a PNG");
    p2a_status status = make_stripes(ctx, job.stripes, at_once, job.rows_per_stripe * raw_row);
    if (status != P2A_OK)
        goto done;

    append_header(output, &crc, image);
    uint32_t adler = 1;
    while (job.first_stripe < job.stripe_count && !output->failed) {
        const size_t left = job.stripe_count - job.first_stripe;
        const size_t count = left < at_once ? left : at_once;
        p2a_pool_run(ctx, write_stripes, &job, count, 1);
        for (size_t i = 0; i < count; i++) {
            stripe *s = &job.stripes[i];
            adler = p2a_adler_join(adler, s->adler, s->raw_bytes);
            if (job.first_stripe + i + 1 == job.stripe_count) {
                put_u32(s->chunk + CHUNK_HEAD_BYTES + s->data_bytes, adler);
                s->data_bytes += ZLIB_TAIL_BYTES;
            }
            append_chunk(output, &crc, "IDAT", s->chunk, s->data_bytes);
        }
        job.first_stripe += count;
    }
    uint8_t end[CHUNK_HEAD_BYTES + CHUNK_TAIL_BYTES];
    append_chunk(output, &crc, "IEND", end, 0);
    if (output->failed)
        status = p2a_fail_memory(ctx, output->count, "a PNG file");
done:
    for (size_t i = 0; i < at_once; i++) {
        p2a_free(ctx, job.stripes[i].filtered);
        p2a_free(ctx, job.stripes[i].scratch);
        p2a_free(ctx, job.stripes[i].chunk);
    }
    p2a_free(ctx, job.stripes);
    return status;
}
