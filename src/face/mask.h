/* mask.h - a map of classes -> soft masks: grown by a distance, feathered over a width */
#ifndef P2A_FACE_MASK_H
#define P2A_FACE_MASK_H

#include "face/parse.h"

/*
 * The soft mask of a set of classes.
 *
 * The outline of the set is moved outwards by grow_px (inwards where negative) by exact Euclidean
 * distance (Felzenszwalb and Huttenlocher 2012); across it the mask falls from 1 to 0 over
 * feather_px, half of it on each side, as a smooth step; 0 gives a hard edge. The picture's border
 * is no outline.
 *
 * classes: [side_px, side_px], borrowed. side_px is 1..P2A_PARSE_SIDE_MAX_PX.
 * set:     bits of P2A_SET().
 * mask:    [side_px, side_px] f32, filled with 0..1; all 0 where the set has no pixel.
 * Errors: P2A_ERR_ARGUMENT, P2A_ERR_MEMORY.
 */
p2a_status p2a_mask_soft(p2a_context *ctx, const uint8_t *classes, size_t side_px, uint32_t set,
                         float grow_px, float feather_px, float *mask);

/*
 * Where the painted face is set into the scene: the face, ears and neck with a narrow feather, hair
 * and hat with a wide one, so that strands mix with the scene and background stays the scene's.
 * The mask fades to 0 towards the crop's border, where hair, neck and cloth are cut off.
 * Widths are given for a 512 px crop and grow with it.
 *
 * share: p2a_align_share()'s plane, borrowed; NULL where no other face is near.
 * mask:  [side_px, side_px] f32, filled with 0..1.
 * Errors: P2A_ERR_ARGUMENT, P2A_ERR_MEMORY.
 */
p2a_status p2a_mask_blend(p2a_context *ctx, const uint8_t *classes, size_t side_px,
                          const float *share, float *mask);

#endif
