/* recolour.h - hair, lips, eyes or cloth -> the same with another colour, shading kept */
#ifndef P2A_FACE_RECOLOUR_H
#define P2A_FACE_RECOLOUR_H

#include "face/parse.h"
#include "image/image.h"

/* Colours that a person chose: 0xRRGGBB, or P2A_COLOR_KEPT to leave them as they are. */
typedef struct p2a_recolour_options {
    uint32_t hair;
    uint32_t lips;
    uint32_t eyes; /* the irises; whites and pupils stay */
    uint32_t cloth;
} p2a_recolour_options;

/* All kept. */
void p2a_recolour_options_default(p2a_recolour_options *options);

/* What each pixel of a face's crop is, and where the crop's pixels lie. Everything is borrowed. */
typedef struct p2a_recolour_place {
    const uint8_t *classes; /* [side_px, side_px] */
    size_t side_px;
    const float *share; /* [side_px, side_px]: 1 where this face owns the pixel .. 0 where
                           another one does; NULL: all 1 */
    const double *crop_from_image; /* 2x3; NULL: the image is the crop */
} p2a_recolour_place;

/*
 * Give regions of a face other colours. The region's median L becomes the chosen colour's (for lips
 * most of the way, for eyes a quarter); lighter and darker places keep their distance from it,
 * compressed only where they would leave black to white; a and b become the chosen ones, less
 * towards black and white, with a third of their own variation kept.
 *
 * image:   changed inside the soft masks only, which fade out towards the crop's border; a fourth
 *          channel is left alone.
 * options: borrowed. With every colour kept no byte changes.
 * Errors: P2A_ERR_ARGUMENT, P2A_ERR_MEMORY; the image is then unchanged.
 */
p2a_status p2a_recolour(p2a_context *ctx, p2a_image *image, const p2a_recolour_place *place,
                        const p2a_recolour_options *options);

#endif
