/* measure.c - a bare convolution, run for a moment -> multiply-adds a second on this machine */
#include <math.h>
#include <xnnpack.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "nn/library.h"

#define SIDE_PX 128
#define CHANNELS 64
#define TAPS 9
#define RUN_SECONDS 0.1

/* Ordinary numbers: the time does not depend on them. */
typedef struct buffers {
    void *in, *out, *weight, *bias;
    float *scales;
} buffers;

#define VALUES ((size_t)SIDE_PX * SIDE_PX * CHANNELS)
#define WEIGHTS ((size_t)CHANNELS * CHANNELS * TAPS)
#define SLACK_BYTES 128 /* XNNPACK reads past the end, see plan.c */

static bool fill(p2a_context *ctx, p2a_precision precision, buffers *b)
{
    const size_t item = precision == P2A_PRECISION_INT8 ? 1 : sizeof(float);
    b->in = p2a_alloc_zeroed(ctx, VALUES * item + SLACK_BYTES, 1);
    b->out = p2a_alloc(ctx, VALUES * item + SLACK_BYTES);
    b->weight = p2a_alloc_zeroed(ctx, WEIGHTS * item + SLACK_BYTES, 1);
    b->bias = p2a_alloc_zeroed(ctx, CHANNELS, sizeof(float));
    b->scales = p2a_alloc(ctx, CHANNELS * sizeof(float));
    if (!b->in || !b->out || !b->weight || !b->bias || !b->scales)
        return false;
    for (size_t i = 0; i < CHANNELS; i++)
        b->scales[i] = 1.0f / 128.0f;
    for (size_t i = 0; i < VALUES + WEIGHTS; i++) {
        void *to = i < VALUES ? b->in : b->weight;
        const size_t at = i < VALUES ? i : i - VALUES;
        if (precision == P2A_PRECISION_INT8)
            ((int8_t *)to)[at] = (int8_t)((int)(at % 251) - 125);
        else
            ((float *)to)[at] = (float)(at % 251) / 251.0f - 0.5f;
    }
    return true;
}

static enum xnn_status make_ready(p2a_context *ctx, p2a_precision precision, const buffers *b,
                                  xnn_operator_t *op)
{
    size_t workspace = 0, align = 0, rows = 0, columns = 0;
    enum xnn_status status;
    if (precision == P2A_PRECISION_INT8)
        status = xnn_create_convolution2d_nhwc_qs8_qc8w(
            1, 1, 1, 1, 3, 3, 1, 1, 1, 1, 1, CHANNELS, CHANNELS, CHANNELS, CHANNELS, 0, 1.0f / 128,
            b->scales, b->weight, b->bias, 0, 1.0f / 8, INT8_MIN, INT8_MAX, 0, NULL, NULL, op);
    else
        status = xnn_create_convolution2d_nhwc_f32(1, 1, 1, 1, 3, 3, 1, 1, 1, 1, 1, CHANNELS,
                                                   CHANNELS, CHANNELS, CHANNELS, b->weight, b->bias,
                                                   -INFINITY, INFINITY, 0, NULL, NULL, op);
    if (status != xnn_status_success || *op == NULL) /* no memory for its row of zeros */
        return xnn_status_out_of_memory;
    if (precision == P2A_PRECISION_INT8) {
        status = xnn_reshape_convolution2d_nhwc_qs8_qc8w(*op, 1, SIDE_PX, SIDE_PX, &workspace,
                                                         &align, &rows, &columns, ctx->pool);
        return status ? status : xnn_setup_convolution2d_nhwc_qs8_qc8w(*op, NULL, b->in, b->out);
    }
    status = xnn_reshape_convolution2d_nhwc_f32(*op, 1, SIDE_PX, SIDE_PX, &workspace, &align, &rows,
                                                &columns, ctx->pool);
    return status ? status : xnn_setup_convolution2d_nhwc_f32(*op, NULL, b->in, b->out);
}

static p2a_status measure(p2a_context *ctx, xnn_operator_t op, double *out)
{
    const double work = (double)VALUES * CHANNELS * TAPS;
    const double begin = 1e-3 * p2a_now_ms();
    double best = 0, now = begin;
    /* the first runs are slower (caches, and a browser's first tier of code): the best counts */
    for (int runs = 0; runs < 3 || now - begin < RUN_SECONDS; runs++) {
        if (xnn_run_operator(op, ctx->pool) != xnn_status_success)
            return p2a_fail(ctx, P2A_ERR_INTERNAL, "XNNPACK refused to run a convolution");
        const double after = 1e-3 * p2a_now_ms();
        if (after > now && work / (after - now) > best)
            best = work / (after - now);
        now = after;
    }
    *out = best;
    return P2A_OK;
}

p2a_status p2a_context_measure(p2a_context *ctx, p2a_precision precision, double *out)
{
    if (ctx == NULL)
        return P2A_ERR_ARGUMENT;
    if (out == NULL)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected a place for out, got NULL");
    *out = 0;
    if (precision != P2A_PRECISION_F32 && precision != P2A_PRECISION_INT8)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected 0 (f32) or 1 (int8) for precision, got %d",
                        (int)precision);
    p2a_status status = p2a_library_start(ctx);
    if (status != P2A_OK)
        return status;
    p2a_context *before = p2a_enter(ctx);
    xnn_operator_t op = NULL;
    buffers b = {0};
    if (fill(ctx, precision, &b) && make_ready(ctx, precision, &b, &op) == xnn_status_success)
        status = measure(ctx, op, out);
    else
        status = p2a_fail_memory(ctx, 2 * VALUES * sizeof(float), "measuring the machine");
    if (op)
        xnn_delete_operator(op);
    p2a_free(ctx, b.scales);
    p2a_free(ctx, b.bias);
    p2a_free(ctx, b.weight);
    p2a_free(ctx, b.out);
    p2a_free(ctx, b.in);
    p2a_leave(before);
    return status;
}
