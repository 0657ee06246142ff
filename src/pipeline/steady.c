/*
 * steady.c - frames of a video -> how much of each is new, and a mix that does not flicker
 *
 * A network without global statistics flickers only where its input does: with the camera's noise.
 * So each frame is compared with the mix of those before it, block by block. Where the difference
 * is no more than noise, a share of the new frame is mixed in (a recursive filter: the noise that
 * is left is sqrt(share / (2 - share)) of the camera's); where it is more, something moves, and the
 * new frame is taken as it is. What was painted is mixed with the same shares.
 */
#include "pipeline/steady.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/pool.h"

#define BLOCK_PX 8
#define WHOLE 256

/* Enough work to be worth a hand-over to another thread. */
#define BLOCK_ROWS_A_PIECE 4
#define ROWS_A_PIECE (BLOCK_ROWS_A_PIECE * BLOCK_PX)

/* The share of a new frame where nothing moves, at steadiness 1. */
#define STILL_SHARE_MIN 0.15f

/* The noise is taken to be the difference of the middle block; where the whole picture moves that
 * is far too much, so it is capped. In levels of 8 bits. */
#define NOISE_MIN 1.0f
#define NOISE_MAX 4.0f
#define NOISE_BINS 64
#define BINS_A_LEVEL 8

/* Differences up to 1.5 times the noise are still; from 3.5 times (and 2 levels) on all is new. */
#define STILL_NOISES 1.5f
#define MOVING_NOISES 3.5f
#define MOVING_LEVELS 2.0f

/* Mixes are kept in 128ths of a level, so that small shares are not lost in rounding. */
#define FRACTION_BITS 7

struct p2a_steady {
    p2a_context *ctx;
    size_t width, height, blocks_x, blocks_y;
    float still_share;
    bool begun, shown;
    uint16_t *frame_mix, *shown_mix; /* [height, width, 3] */
    float *differences;              /* [blocks_y, blocks_x], mean of the block, in levels */
    uint16_t *shares;                /* [blocks_y + 1, blocks_x + 1], at the corners */
};

p2a_status p2a_steady_create(p2a_context *ctx, uint32_t width_px, uint32_t height_px,
                             float steadiness, p2a_steady **out)
{
    *out = NULL;
    p2a_steady *steady = p2a_alloc_zeroed(ctx, 1, sizeof *steady);
    if (steady == NULL)
        return p2a_fail_memory(ctx, sizeof *steady, "a video");
    const size_t pixels = (size_t)width_px * height_px;
    steady->ctx = ctx;
    steady->width = width_px;
    steady->height = height_px;
    steady->blocks_x = (width_px + BLOCK_PX - 1) / BLOCK_PX;
    steady->blocks_y = (height_px + BLOCK_PX - 1) / BLOCK_PX;
    steady->still_share = 1.0f - steadiness * (1.0f - STILL_SHARE_MIN);
    const size_t corners = (steady->blocks_x + 1) * (steady->blocks_y + 1);
    steady->frame_mix = p2a_alloc_zeroed(ctx, pixels, 3 * sizeof *steady->frame_mix);
    steady->shown_mix = p2a_alloc_zeroed(ctx, pixels, 3 * sizeof *steady->shown_mix);
    steady->differences = p2a_alloc_zeroed(ctx, corners, sizeof *steady->differences);
    steady->shares = p2a_alloc_zeroed(ctx, corners, sizeof *steady->shares);
    if (!steady->frame_mix || !steady->shown_mix || !steady->differences || !steady->shares) {
        p2a_steady_destroy(steady);
        return p2a_fail_memory(ctx, 6 * pixels * sizeof(uint16_t), "the frames of a video");
    }
    *out = steady;
    return P2A_OK;
}

void p2a_steady_destroy(p2a_steady *steady)
{
    if (steady == NULL)
        return;
    p2a_free(steady->ctx, steady->shares);
    p2a_free(steady->ctx, steady->differences);
    p2a_free(steady->ctx, steady->shown_mix);
    p2a_free(steady->ctx, steady->frame_mix);
    p2a_free(steady->ctx, steady);
}

void p2a_steady_forget(p2a_steady *steady)
{
    steady->begun = steady->shown = false;
}

/* Sums over a row of pixels, of one block: of the differences between the frame and the mix. */
static uint32_t row_difference(const uint8_t *rgba, const uint16_t *mix, size_t count)
{
    uint32_t sum = 0;
    for (size_t x = 0; x < count; x++)
        for (size_t c = 0; c < 3; c++)
            sum += (uint32_t)abs((int)rgba[4 * x + c] * (1 << FRACTION_BITS) - mix[3 * x + c]);
    return sum;
}

typedef struct measured_frame {
    p2a_steady *steady;
    const uint8_t *rgba;
} measured_frame;

static void measure_blocks(void *user, size_t first, size_t block_rows)
{
    const measured_frame *frame = user;
    p2a_steady *steady = frame->steady;
    for (size_t by = first; by < first + block_rows; by++)
        for (size_t bx = 0; bx < steady->blocks_x; bx++) {
            const size_t x = bx * BLOCK_PX, y = by * BLOCK_PX;
            const size_t w = x + BLOCK_PX < steady->width ? BLOCK_PX : steady->width - x;
            const size_t h = y + BLOCK_PX < steady->height ? BLOCK_PX : steady->height - y;
            uint32_t sum = 0;
            for (size_t r = 0; r < h; r++) {
                const size_t at = (y + r) * steady->width + x;
                sum += row_difference(frame->rgba + 4 * at, steady->frame_mix + 3 * at, w);
            }
            steady->differences[by * steady->blocks_x + bx] =
                (float)sum / (float)(w * h * 3 << FRACTION_BITS);
        }
}

/* The difference that half of the blocks stay below, within its bounds. */
static float noise_level(const p2a_steady *steady)
{
    size_t bins[NOISE_BINS] = {0}, below = 0, bin = 0;
    const size_t count = steady->blocks_x * steady->blocks_y;
    for (size_t i = 0; i < count; i++) {
        const float place = steady->differences[i] * BINS_A_LEVEL;
        bins[place < NOISE_BINS - 1 ? (size_t)place : NOISE_BINS - 1]++;
    }
    while (bin < NOISE_BINS - 1 && (below += bins[bin]) * 2 < count)
        bin++;
    const float level = (float)(bin + 1) / BINS_A_LEVEL;
    return level < NOISE_MIN ? NOISE_MIN : level > NOISE_MAX ? NOISE_MAX : level;
}

/* A corner takes the largest of the blocks around it: what moves is new as far as its edge. */
static void share_corners(p2a_steady *steady)
{
    const float noise = noise_level(steady);
    const float still = STILL_NOISES * noise, moving = MOVING_NOISES * noise + MOVING_LEVELS;
    for (size_t cy = 0; cy <= steady->blocks_y; cy++)
        for (size_t cx = 0; cx <= steady->blocks_x; cx++) {
            float most = 0;
            for (size_t by = cy ? cy - 1 : 0; by <= cy && by < steady->blocks_y; by++)
                for (size_t bx = cx ? cx - 1 : 0; bx <= cx && bx < steady->blocks_x; bx++) {
                    const float one = steady->differences[by * steady->blocks_x + bx];
                    most = one > most ? one : most;
                }
            float part = (most - still) / (moving - still);
            part = part < 0 ? 0 : part > 1 ? 1 : part;
            const float share = steady->still_share + (1.0f - steady->still_share) * part;
            steady->shares[cy * (steady->blocks_x + 1) + cx] = (uint16_t)(share * WHOLE + 0.5f);
        }
}

/* The shares along one row of pixels of a block, from the corners above and below it. */
static void block_shares(const p2a_steady *steady, size_t y, size_t bx, int32_t out[BLOCK_PX])
{
    const size_t stride = steady->blocks_x + 1;
    const uint16_t *above = steady->shares + y / BLOCK_PX * stride + bx, *below = above + stride;
    const int32_t down = (int32_t)(y % BLOCK_PX);
    const int32_t left = above[0] * (BLOCK_PX - down) + below[0] * down;
    const int32_t right = above[1] * (BLOCK_PX - down) + below[1] * down;
    for (int32_t x = 0; x < BLOCK_PX; x++)
        out[x] = (left * (BLOCK_PX - x) + right * x) / (BLOCK_PX * BLOCK_PX);
}

/* mix += share * (value - mix); the mix rounded to 8 bits. */
static uint8_t mix_in(uint16_t *mix, uint8_t value, int32_t share)
{
    const int32_t before = *mix;
    const int32_t after = before + (value * (1 << FRACTION_BITS) - before) * share / WHOLE;
    *mix = (uint16_t)after;
    return (uint8_t)((after + (1 << (FRACTION_BITS - 1))) >> FRACTION_BITS);
}

/* One picture into its mix, and the mix out. Strides in bytes a pixel; alpha, where out has it. */
typedef struct mixed_picture {
    const p2a_steady *steady;
    bool first; /* nothing is in the mix yet */
    uint16_t *mix;
    const uint8_t *in;
    uint8_t *out;
    size_t in_stride, out_stride;
} mixed_picture;

/* Pixels [at, at + count) of a row of a block. */
static inline void mix_pixels(uint16_t *mix, const uint8_t *in, size_t in_stride, uint8_t *out,
                              size_t out_stride, const int32_t *shares, size_t at, size_t count)
{
    for (size_t x = 0; x < count; x++) {
        const uint8_t *from = in + (at + x) * in_stride;
        uint8_t *to = out + (at + x) * out_stride;
        for (size_t c = 0; c < 3; c++)
            to[c] = mix_in(mix + 3 * (at + x) + c, from[c], shares[x]);
        if (out_stride == 4)
            to[3] = 255;
    }
}

static void mix_rows(void *user, size_t first_row, size_t rows)
{
    const mixed_picture *p = user;
    const p2a_steady *steady = p->steady;
    int32_t shares[BLOCK_PX];
    for (size_t x = 0; x < BLOCK_PX; x++)
        shares[x] = WHOLE;
    for (size_t y = first_row; y < first_row + rows; y++)
        for (size_t bx = 0; bx < steady->blocks_x; bx++) {
            const size_t left = steady->width - bx * BLOCK_PX;
            if (!p->first)
                block_shares(steady, y, bx, shares);
            mix_pixels(p->mix, p->in, p->in_stride, p->out, p->out_stride, shares,
                       y * steady->width + bx * BLOCK_PX, left < BLOCK_PX ? left : BLOCK_PX);
        }
}

void p2a_steady_frame(p2a_steady *steady, const uint8_t *rgba, p2a_image *out)
{
    measured_frame frame = {steady, rgba};
    mixed_picture picture = {steady, !steady->begun, steady->frame_mix, rgba, out->pixels, 4, 3};
    if (steady->begun) {
        p2a_pool_run(steady->ctx, measure_blocks, &frame, steady->blocks_y, BLOCK_ROWS_A_PIECE);
        share_corners(steady);
    }
    p2a_pool_run(steady->ctx, mix_rows, &picture, steady->height, ROWS_A_PIECE);
    steady->begun = true;
}

void p2a_steady_show(p2a_steady *steady, const p2a_image *painted, uint8_t *rgba)
{
    mixed_picture picture = {steady, !steady->shown, steady->shown_mix, painted->pixels, rgba, 3,
                             4};
    p2a_pool_run(steady->ctx, mix_rows, &picture, steady->height, ROWS_A_PIECE);
    steady->shown = true;
}
