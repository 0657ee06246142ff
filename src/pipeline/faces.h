/*
 * faces.h - face2paint: a photo and its painted scene -> the scene with every face painted at its
 * own scale
 *
 * One after another: the detector looks at the photo (pipeline/find); then each face, the largest
 * first, is cut out upright, parsed, lifted out of backlight, painted by the style's own generator
 * (or by one between it and the portrait network), corrected region by region, given the photo's
 * fine lines back, and blended into the scene. Without a generator faces are found and parsed only.
 */
#ifndef P2A_PIPELINE_FACES_H
#define P2A_PIPELINE_FACES_H

#include "face/detect.h"
#include "image/image.h"
#include "nn/model.h"

typedef struct p2a_faces p2a_faces;

typedef struct p2a_faces_models {
    const p2a_model *generator; /* the style's; NULL: find and parse only */
    const p2a_model *portrait;  /* borrowed; needed where options->character is above 0 */
    const p2a_model *detector;
    const p2a_model *parser;
} p2a_faces_models;

/*
 * models:  the struct is copied, the models but for the portrait are kept.
 * photo:   kept.
 * options: copied; checked by the caller.
 * out:     given: release with p2a_faces_destroy().
 * Errors: P2A_ERR_ARGUMENT (character without a portrait), P2A_ERR_MODEL (a model of the wrong
 *         kind, or a portrait that is no relative of the generator), P2A_ERR_MEMORY,
 *         P2A_ERR_INTERNAL.
 */
p2a_status p2a_faces_create(p2a_context *ctx, const p2a_faces_models *models,
                            const p2a_image *photo, const p2a_options *options, p2a_faces **out);
void p2a_faces_destroy(p2a_faces *faces);

/* What painting the faces of a photo would take. */
typedef struct p2a_faces_needs {
    size_t bytes;         /* most at a time, with at least one face; `character` above 0: beside the
                             portrait network */
    double multiply_adds; /* of the detector, where there is no face */
    double each;          /* multiply-adds that each face adds */
} p2a_faces_needs;

/*
 * models: the portrait may be NULL here.
 * Errors: P2A_ERR_MODEL, P2A_ERR_MEMORY.
 */
p2a_status p2a_faces_estimate(p2a_context *ctx, const p2a_faces_models *models, size_t width_px,
                              size_t height_px, const p2a_options *options, p2a_faces_needs *out);

/*
 * Work for about `budget` multiply-adds; faces are set into `scene` (the painted photo; NULL where
 * there is no generator) one by one.
 *
 * out_done: 0..1; 1 only when all faces are in the scene.
 * Errors: P2A_ERR_STOPPED, P2A_ERR_MEMORY, P2A_ERR_INTERNAL; the scene is then half done.
 */
p2a_status p2a_faces_step(p2a_faces *faces, p2a_image *scene, double budget, double *out_done);

/*
 * Give hair, lips, eyes and cloth of all painted faces the options' colours, once everything else
 * is done. Nothing happens where all are kept.
 * Errors: P2A_ERR_MEMORY, P2A_ERR_INTERNAL.
 */
p2a_status p2a_faces_recolour(p2a_faces *faces, p2a_image *scene);

/* The faces that were found, in photo coordinates, once the detector has looked. */
size_t p2a_faces_count(const p2a_faces *faces);
void p2a_faces_info(const p2a_faces *faces, size_t index, p2a_face_info *out);

/* p2a_job_face_classes of photo2anime.h. */
const uint8_t *p2a_faces_classes(const p2a_faces *faces, size_t index);

/* Add what was done and spent to a result: faces_ms (all but the blending), blend_ms, face_count,
 * faces_left, multiply_adds. */
void p2a_faces_report(const p2a_faces *faces, p2a_result *result);

#endif
