/*
 * faces.h - face2paint: a photo and its painted scene -> the scene with every face painted at its
 * own scale
 *
 * One after another: the detector looks at the photo (at most P2A_FACES_DETECT_PX on the long
 * side); then each face, the best score first, is cut out upright, parsed, lifted out of backlight,
 * painted by the style's own generator, corrected region by region, and blended into the scene.
 */
#ifndef P2A_PIPELINE_FACES_H
#define P2A_PIPELINE_FACES_H

#include "face/detect.h"
#include "image/image.h"
#include "nn/model.h"

#define P2A_FACES_DETECT_PX 1280
#define P2A_FACES_MAX 64 /* painted in one picture; the largest are kept */

typedef struct p2a_faces p2a_faces;

typedef struct p2a_faces_models {
    const p2a_model *generator; /* the style's */
    const p2a_model *detector;
    const p2a_model *parser;
} p2a_faces_models;

/*
 * models: the struct is copied, the models are kept.
 * photo:  kept.
 * min_px: shorter side of a face's box, below which it is left to the scene.
 * out:    given: release with p2a_faces_destroy().
 * Errors: P2A_ERR_MODEL (a model of the wrong kind), P2A_ERR_MEMORY, P2A_ERR_INTERNAL.
 */
p2a_status p2a_faces_create(p2a_context *ctx, const p2a_faces_models *models,
                            const p2a_image *photo, float min_px, p2a_faces **out);
void p2a_faces_destroy(p2a_faces *faces);

/*
 * Work for about `budget` multiply-adds; faces are set into `scene` (the painted photo) one by one.
 *
 * out_done: 0..1; 1 only when all faces are in the scene.
 * Errors: P2A_ERR_STOPPED, P2A_ERR_MEMORY, P2A_ERR_INTERNAL; the scene is then half done.
 */
p2a_status p2a_faces_step(p2a_faces *faces, p2a_image *scene, double budget, double *out_done);

/* The faces that were found, in photo coordinates, once the detector has looked. Borrowed. */
const p2a_face_list *p2a_faces_found(const p2a_faces *faces);

/* What was spent: on painting (detector, parser, generator, corrections), and on blending. */
double p2a_faces_paint_ms(const p2a_faces *faces);
double p2a_faces_blend_ms(const p2a_faces *faces);
double p2a_faces_multiply_adds(const p2a_faces *faces);
size_t p2a_faces_painted(const p2a_faces *faces);

#endif
