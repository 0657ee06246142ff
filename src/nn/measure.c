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

static p2a_status measure(p2a_context *ctx, xnn_operator_t *op, float *in, float *weight,
                          double *out)
{
    float *made = in + SIDE_PX * SIDE_PX * CHANNELS, *bias = weight + CHANNELS * CHANNELS * TAPS;
    /* any ordinary numbers do: the time does not depend on them */
    for (size_t i = 0; i < SIDE_PX * SIDE_PX * CHANNELS; i++)
        in[i] = (float)(i % 251) / 251.0f - 0.5f;
    for (size_t i = 0; i < CHANNELS * CHANNELS * TAPS + CHANNELS; i++)
        weight[i] = (float)(i % 127) / 127.0f - 0.5f;
    size_t workspace = 0, align = 0, rows = 0, columns = 0;
    if (xnn_create_convolution2d_nhwc_f32(1, 1, 1, 1, 3, 3, 1, 1, 1, 1, 1, CHANNELS, CHANNELS,
                                          CHANNELS, CHANNELS, weight, bias, -INFINITY, INFINITY, 0,
                                          NULL, NULL, op) != xnn_status_success ||
        *op == NULL || /* no memory for its row of zeros */
        xnn_reshape_convolution2d_nhwc_f32(*op, 1, SIDE_PX, SIDE_PX, &workspace, &align, &rows,
                                           &columns, ctx->pool) != xnn_status_success ||
        xnn_setup_convolution2d_nhwc_f32(*op, NULL, in, made) != xnn_status_success)
        return p2a_fail_memory(ctx, 0, "measuring the machine");

    const double work = (double)SIDE_PX * SIDE_PX * CHANNELS * CHANNELS * TAPS;
    const double begin = 1e-3 * p2a_now_ms();
    double best = 0, now = begin;
    /* the first runs are slower (caches, and a browser's first tier of code): the best counts */
    for (int runs = 0; runs < 3 || now - begin < RUN_SECONDS; runs++) {
        if (xnn_run_operator(*op, ctx->pool) != xnn_status_success)
            return p2a_fail(ctx, P2A_ERR_INTERNAL, "XNNPACK refused to run a convolution");
        const double after = 1e-3 * p2a_now_ms();
        if (after > now && work / (after - now) > best)
            best = work / (after - now);
        now = after;
    }
    *out = best;
    return P2A_OK;
}

p2a_status p2a_context_measure(p2a_context *ctx, double *out)
{
    if (ctx == NULL)
        return P2A_ERR_ARGUMENT;
    if (out == NULL)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected a place for out, got NULL");
    *out = 0;
    p2a_status status = p2a_library_start(ctx);
    if (status != P2A_OK)
        return status;
    p2a_context *before = p2a_enter(ctx);
    xnn_operator_t op = NULL;
    float *in = p2a_alloc(ctx, (2 * SIDE_PX * SIDE_PX * CHANNELS + 32) * sizeof(float));
    float *weight = p2a_alloc(ctx, (CHANNELS * CHANNELS * TAPS + CHANNELS + 32) * sizeof(float));
    if (in && weight)
        status = measure(ctx, &op, in, weight, out);
    else
        status = p2a_fail_memory(ctx, 2 * SIDE_PX * SIDE_PX * CHANNELS * sizeof(float),
                                 "measuring the machine");
    if (op)
        xnn_delete_operator(op);
    p2a_free(ctx, weight);
    p2a_free(ctx, in);
    p2a_leave(before);
    return status;
}
