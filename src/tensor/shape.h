/* shape.h - the extent of one tensor: [1, height, width, channels], NHWC */
#ifndef P2A_TENSOR_SHAPE_H
#define P2A_TENSOR_SHAPE_H

#include <stddef.h>

typedef struct p2a_shape {
    size_t height;
    size_t width;
    size_t channels;
} p2a_shape;

/*
 * Some rows of a tensor in memory. Row r of the tensor (r may be negative: zero padding above the
 * first row) starts at values + (r - first_row) * width * channels * item_bytes.
 */
typedef struct p2a_view {
    void *values;      /* f32, halves (nn/halves.h) or signed bytes */
    size_t item_bytes; /* of one value: 4, 2 or 1 */
    ptrdiff_t first_row;
    p2a_shape shape; /* of the whole tensor */
} p2a_view;

static inline size_t p2a_view_row_bytes(const p2a_view *view)
{
    return view->shape.width * view->shape.channels * view->item_bytes;
}

static inline void *p2a_view_row(const p2a_view *view, ptrdiff_t row)
{
    return (char *)view->values + (row - view->first_row) * (ptrdiff_t)p2a_view_row_bytes(view);
}

#endif
