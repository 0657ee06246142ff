/* resize.c - a tensor at one size -> the same at another, by bilinear or nearest sampling */
#include <string.h>

#include "base/pool.h"
#include "nn/operator.h"

#define ROWS_A_PIECE 4

/* One output pixel from its four neighbours; its own function so that compilers vectorise it. */
static void blend(const float *restrict a, const float *restrict b, const float *restrict c,
                  const float *restrict d, float wx, float wy, float *restrict out, size_t channels)
{
    for (size_t i = 0; i < channels; i++) {
        const float top = a[i] + (b[i] - a[i]) * wx;
        const float bottom = c[i] + (d[i] - c[i]) * wx;
        out[i] = top + (bottom - top) * wy;
    }
}

static void resize_rows(void *user, size_t begin, size_t count)
{
    const p2a_kernel_args *args = user;
    const p2a_shape in = args->inputs[0].shape, made = args->output->shape;
    const size_t channels = in.channels;
    const p2a_sample *columns = (const p2a_sample *)args->scratch;
    for (size_t r = args->first + begin; r < args->first + begin + count; r++) {
        const p2a_sample row = p2a_resize_sample(args->node, in.height, made.height, r);
        const float *low = p2a_view_row(&args->inputs[0], (ptrdiff_t)row.low);
        const float *high = p2a_view_row(&args->inputs[0], (ptrdiff_t)row.high);
        float *out = p2a_view_row(args->output, (ptrdiff_t)r);
        for (size_t x = 0; x < made.width; x++, out += channels) {
            const p2a_sample *s = &columns[x];
            if (args->node->mode == P2A_RESIZE_NEAREST)
                memcpy(out, low + s->low * channels, channels * sizeof(float));
            else
                blend(low + s->low * channels, low + s->high * channels, high + s->low * channels,
                      high + s->high * channels, s->weight, row.weight, out, channels);
        }
    }
}

static void fill_columns(const p2a_kernel_args *args)
{
    p2a_sample *columns = (p2a_sample *)args->scratch;
    for (size_t x = 0; x < args->output->shape.width; x++)
        columns[x] = p2a_resize_sample(args->node, args->inputs[0].shape.width,
                                       args->output->shape.width, x);
}

void p2a_run_resize(const p2a_kernel_args *args)
{
    fill_columns(args);
    p2a_pool_run(args->ctx, resize_rows, (void *)args, args->rows, ROWS_A_PIECE);
}

/*
 * Bytes: the shares of scale 2 and 4 are whole eighths, so sums are exact in 16 bits (at most
 * 128 x 64), and rounded once: halves go up. All bytes of a tensor have one step and zero.
 */
#define SHARE 8

typedef int16_t shorts __attribute__((vector_size(16)));
typedef int8_t eight_bytes __attribute__((vector_size(8)));
#define WIDE 8

static inline shorts widen(const int8_t *from)
{
    eight_bytes bytes;
    memcpy(&bytes, from, sizeof bytes);
    return __builtin_convertvector(bytes, shorts);
}

static void blend_bytes(const int8_t *restrict a, const int8_t *restrict b,
                        const int8_t *restrict c, const int8_t *restrict d, int16_t wx, int16_t wy,
                        int8_t *restrict out, size_t channels)
{
    const int16_t vx = (int16_t)(SHARE - wx), vy = (int16_t)(SHARE - wy);
    size_t i = 0;
    for (; i + WIDE <= channels; i += WIDE) {
        const shorts top = widen(a + i) * vx + widen(b + i) * wx;
        const shorts bottom = widen(c + i) * vx + widen(d + i) * wx;
        const shorts sum = top * vy + bottom * wy + SHARE * SHARE / 2;
        const eight_bytes bytes = __builtin_convertvector(sum >> 6, eight_bytes);
        memcpy(out + i, &bytes, sizeof bytes);
    }
    for (; i < channels; i++) {
        const int16_t top = (int16_t)(a[i] * vx + b[i] * wx);
        const int16_t bottom = (int16_t)(c[i] * vx + d[i] * wx);
        const int16_t sum = (int16_t)(top * vy + bottom * wy + SHARE * SHARE / 2);
        out[i] = (int8_t)(sum >> 6); /* by SHARE * SHARE, towards minus infinity */
    }
}

static void resize_byte_rows(void *user, size_t begin, size_t count)
{
    const p2a_kernel_args *args = user;
    const p2a_shape in = args->inputs[0].shape, made = args->output->shape;
    const size_t channels = in.channels;
    const p2a_sample *columns = (const p2a_sample *)args->scratch;
    for (size_t r = args->first + begin; r < args->first + begin + count; r++) {
        const p2a_sample row = p2a_resize_sample(args->node, in.height, made.height, r);
        const int8_t *low = p2a_view_row(&args->inputs[0], (ptrdiff_t)row.low);
        const int8_t *high = p2a_view_row(&args->inputs[0], (ptrdiff_t)row.high);
        int8_t *out = p2a_view_row(args->output, (ptrdiff_t)r);
        for (size_t x = 0; x < made.width; x++, out += channels) {
            const p2a_sample *s = &columns[x];
            blend_bytes(low + s->low * channels, low + s->high * channels, high + s->low * channels,
                        high + s->high * channels, (int16_t)(s->weight * SHARE),
                        (int16_t)(row.weight * SHARE), out, channels);
        }
    }
}

void p2a_run_resize_bytes(const p2a_kernel_args *args)
{
    fill_columns(args);
    p2a_pool_run(args->ctx, resize_byte_rows, (void *)args, args->rows, ROWS_A_PIECE);
}
