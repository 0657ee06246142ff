/* adjust.h - a painted picture and its photo -> edges and colours moved between the two */
#ifndef P2A_PIPELINE_ADJUST_H
#define P2A_PIPELINE_ADJUST_H

#include "image/image.h"

#define P2A_EDGE_PRESERVE_MIN 0.5f
#define P2A_EDGE_PRESERVE_MAX 1.5f

typedef struct p2a_adjust p2a_adjust;

/*
 * Prepare a change of the painted picture, faces included.
 *
 * edge_preserve: 0.5 to 1.5. Below 1 fine detail of the painting's brightness is softened, at 0.5 a
 *                quarter of it is left; above 1 edges of the photo are added, at 1.5 as strong as
 *                in the photo. 1: edges as painted. "Fine" is about 1/400 of the longer side.
 * color_shift:   0 to 1. 1: colours as painted. 0: the photo's colours, place by place, on the
 *                painting's own shading, whose mean and range of brightness become the photo's.
 *                Between them in a straight line.
 * With both at 1 no byte changes.
 *
 * photo:   of the painted picture's size, kept.
 * painted: kept, changed by the steps; a fourth channel is left alone.
 * out:     given: release with p2a_adjust_destroy().
 * Memory: at most 5 MB and 1100 bytes for each column, whatever the height.
 * Errors: P2A_ERR_ARGUMENT, P2A_ERR_MEMORY.
 */
p2a_status p2a_adjust_create(p2a_context *ctx, const p2a_image *photo, p2a_image *painted,
                             float edge_preserve, float color_shift, p2a_adjust **out);

/* Change the next rows: a few milliseconds. out_done: the part that is done, 1 when all is. */
void p2a_adjust_step(p2a_adjust *adjust, double *out_done);

void p2a_adjust_destroy(p2a_adjust *adjust);

#endif
