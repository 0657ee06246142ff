/*
 * shade.h - a painted face and the scene's painting of it -> the face in the scene's light and tone
 *
 * The portrait network paints lines, eyes and hair of its own, and a light of its own: beside a
 * body that the style has painted its skin looks dark or grey. So the coarse colours (wider than
 * features, finer than the face) of skin, of hair and of what is behind are taken from the scene's
 * painting of the same place.
 */
#ifndef P2A_FACE_SHADE_H
#define P2A_FACE_SHADE_H

#include "image/image.h"

/*
 * scene:    the scene's painting of the crop, of painted's size, 3 or 4 channels, borrowed.
 * classes:  [side, side] of that size, borrowed.
 * strength: 0 (nothing happens) to 1.
 * painted:  the square crop, changed in place; a fourth channel is left alone.
 * Errors: P2A_ERR_ARGUMENT, P2A_ERR_MEMORY; painted is then unchanged.
 */
p2a_status p2a_shade_match(p2a_context *ctx, const p2a_image *scene, const uint8_t *classes,
                           float strength, p2a_image *painted);

#endif
