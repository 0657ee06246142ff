/* lift.h - a backlit face -> the same face with light on it, before it is painted */
#ifndef P2A_FACE_LIFT_H
#define P2A_FACE_LIFT_H

#include "face/parse.h"
#include "image/image.h"

/*
 * Brighten a face that stands in its own shadow.
 *
 * What decides is the light that falls on the face, not the colour of its skin: the brightest tenth
 * of the skin and of the eyes, which a lit face of any colour keeps above L = 50, against the
 * brightness of what is behind. A dark face before a dark scene is left to the scene.
 * L follows a power curve, so that black stays black; chroma grows with it.
 *
 * crop:     the face's crop, changed inside the soft outline of the face, ears and neck only.
 * classes:  [side, side] of the crop's size, borrowed.
 * strength: 0..1; 0 changes no byte.
 * lifted:   by how much the skin's median L was raised, 0..25; may be NULL.
 * Errors: P2A_ERR_ARGUMENT, P2A_ERR_MEMORY; the crop is then unchanged.
 */
p2a_status p2a_lift_face(p2a_context *ctx, p2a_image *crop, const uint8_t *classes, float strength,
                         float *lifted);

/* P2A_ERR_ARGUMENT unless the image is square and of a size that a map of classes can have. */
p2a_status p2a_check_crop(p2a_context *ctx, const p2a_image *crop, const uint8_t *classes);

/* The same of a photo's crop and of what was painted from it, which must be as large. */
p2a_status p2a_check_painted(p2a_context *ctx, const p2a_image *photo, const uint8_t *classes,
                             const p2a_image *painted);

/* P2A_ERR_ARGUMENT unless it is finite and above 0: crop pixels to a pixel of the photo. */
p2a_status p2a_check_enlargement(p2a_context *ctx, double enlargement);

/* P2A_ERR_ARGUMENT unless 0 <= value <= 1. */
p2a_status p2a_check_strength(p2a_context *ctx, float value, const char *name);

#endif
