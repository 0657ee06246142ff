/* paste.h - a painted crop, its classes and its place -> set into the painted scene */
#ifndef P2A_PIPELINE_PASTE_H
#define P2A_PIPELINE_PASTE_H

#include "face/align.h"
#include "face/recolour.h"
#include "image/image.h"

/* Where a crop's face lies, and beside which others. Everything is borrowed. */
typedef struct p2a_paste {
    const uint8_t *classes; /* [side_px, side_px]: the frame, scaled */
    size_t side_px;
    const double (*photo_from_frames)[6]; /* of all faces that are painted, for P2A_FRAME_PX */
    size_t count, index;                  /* of these; and which of them this face is */
} p2a_paste;

/*
 * Blend a painted crop of side_px into the scene, inside the soft outline of the face, its
 * hair and its neck (p2a_mask_blend), without a seam (p2a_poisson_blend).
 *
 * scene: changed. A crop that lies outside of it changes nothing.
 * Errors: P2A_ERR_MEMORY, P2A_ERR_INTERNAL; the scene is then unchanged.
 */
p2a_status p2a_paste_crop(p2a_context *ctx, const p2a_paste *paste, const p2a_image *painted,
                          p2a_image *scene);

/*
 * Give regions of the face in the scene other colours (p2a_recolour), in the scene's own pixels.
 * Errors: P2A_ERR_MEMORY, P2A_ERR_INTERNAL; the scene is then unchanged.
 */
p2a_status p2a_paste_colours(p2a_context *ctx, const p2a_paste *paste,
                             const p2a_recolour_options *colours, p2a_image *scene);

#endif
