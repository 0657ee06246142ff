/* detail.h - an enlarged face as it was painted -> the same with the photo's own fine lines */
#ifndef P2A_FACE_DETAIL_H
#define P2A_FACE_DETAIL_H

#include "face/parse.h"
#include "image/image.h"

/* How much of the photo's detail an enlarged face has lost: 0 up to an enlargement of 1, where its
 * lines are wide enough for the generator, 1 from 4 on, where they are a pixel of the photo wide.
 */
float p2a_detail_lost(double enlargement);

/*
 * What is a pixel or two of the photo wide is blurred in an enlarged crop, even after
 * p2a_sharpen_face(); a generator takes it for shading and paints it soft or away. Set back among
 * the photo's pixels just that is missing: the edge of a lid, the corner of a mouth, a fold. So
 * luma finer than about three photo pixels is moved from the painting's to the photo's: at eyes,
 * brows, nose and mouth everywhere, on skin as far as the painting has drawn the same lines there,
 * only fainter. What the style has left out (pores, grain, wrinkles on flat skin) stays out, and
 * colours and all that is coarser stay the painting's.
 *
 * photo:       the crop that was painted, 3 or 4 channels, borrowed.
 * classes:     [side, side] of the crop's size, borrowed.
 * enlargement: crop pixels to a pixel of the photo; p2a_detail_lost() of it is done.
 * strength:    0..1; 0 changes no byte.
 * painted:     of the photo crop's size, changed at the face and its ears only; a fourth channel
 *              is left alone.
 * Errors: P2A_ERR_ARGUMENT, P2A_ERR_MEMORY; painted is then unchanged.
 */
p2a_status p2a_detail_match(p2a_context *ctx, const p2a_image *photo, const uint8_t *classes,
                            double enlargement, float strength, p2a_image *painted);

#endif
