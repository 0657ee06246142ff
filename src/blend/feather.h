/* feather.h - a painted patch and its soft mask -> pasted into a picture: the plain way to blend */
#ifndef P2A_BLEND_FEATHER_H
#define P2A_BLEND_FEATHER_H

#include "image/image.h"

/*
 * Mix a patch into a scene by the patch's alpha: scene + alpha (patch - scene), rounded to nearest.
 *
 * scene: changed where alpha is not 0; a fourth channel is left alone.
 * patch: 4 channels: RGB and the mask (0: scene, 255: patch), borrowed. Its pixel (0,0) comes to
 *        (left_px, top_px), and it must lie within the scene.
 * Errors: P2A_ERR_ARGUMENT; the scene is then unchanged.
 */
p2a_status p2a_feather_blend(p2a_context *ctx, p2a_image *scene, const p2a_image *patch,
                             size_t left_px, size_t top_px);

/* P2A_ERR_ARGUMENT unless the patch has 4 channels and lies within the scene. */
p2a_status p2a_blend_check(p2a_context *ctx, const p2a_image *scene, const p2a_image *patch,
                           size_t left_px, size_t top_px);

#endif
