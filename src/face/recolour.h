/* recolour.h - hair, lips, eyes or cloth -> the same with another colour, shading kept */
#ifndef P2A_FACE_RECOLOUR_H
#define P2A_FACE_RECOLOUR_H

#include "face/parse.h"
#include "image/image.h"

/* A colour that a person chose: 0xRRGGBB, or this for "leave it as it is". */
#define P2A_COLOUR_KEPT UINT32_MAX

typedef struct p2a_recolour_options {
    uint32_t hair;
    uint32_t lips;
    uint32_t eyes; /* the irises; whites and pupils stay */
    uint32_t cloth;
} p2a_recolour_options;

/* All kept. */
void p2a_recolour_options_default(p2a_recolour_options *options);

/*
 * Give regions of a crop other colours. The region's median L becomes the chosen colour's (for lips
 * most of the way, for eyes a quarter); lighter and darker places keep their distance from it,
 * compressed only where they would leave black to white; a and b become the chosen ones, less
 * towards black and white, with a third of their own variation kept.
 *
 * crop:    square, changed inside the soft masks only; a fourth channel is left alone.
 * classes: [side, side] of the crop's size, borrowed.
 * options: borrowed. With every colour kept no byte changes.
 * Errors: P2A_ERR_ARGUMENT, P2A_ERR_MEMORY; the crop is then unchanged.
 */
p2a_status p2a_recolour(p2a_context *ctx, p2a_image *crop, const uint8_t *classes,
                        const p2a_recolour_options *options);

#endif
