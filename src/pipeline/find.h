/* find.h - a photo -> the faces that the detector sees in it, in short steps */
#ifndef P2A_PIPELINE_FIND_H
#define P2A_PIPELINE_FIND_H

#include "face/detect.h"
#include "image/image.h"
#include "nn/model.h"

#define P2A_FIND_PX 1280 /* on the long side: larger photos are looked at smaller */

typedef struct p2a_find p2a_find;

/*
 * detector: kept.
 * photo:    kept.
 * out:      given: release with p2a_find_destroy().
 * Errors: P2A_ERR_MODEL (not a detector), P2A_ERR_MEMORY, P2A_ERR_INTERNAL.
 */
p2a_status p2a_find_create(p2a_context *ctx, const p2a_model *detector, const p2a_image *photo,
                           p2a_find **out);
void p2a_find_destroy(p2a_find *find);

/* P2A_ERR_MODEL unless p2a_find_create would take this detector. */
p2a_status p2a_find_check(p2a_context *ctx, const p2a_model *detector);

/*
 * Bytes that finding in a photo of this size would allocate at most, about, and the multiply-adds
 * of the looks at the whole photo; `each` is the second look at one face.
 * Errors: as p2a_find_create.
 */
p2a_status p2a_find_estimate(p2a_context *ctx, const p2a_model *detector, size_t width_px,
                             size_t height_px, size_t *bytes, double *multiply_adds, double *each);

/*
 * As p2a_network_step; out_done is 1 only when the faces are there.
 */
p2a_status p2a_find_step(p2a_find *find, double budget, double *out_done);

/*
 * The faces in photo coordinates, best score first, once the last step said 1.
 * out: given: release with p2a_face_list_destroy(). Empty before that, and the second time.
 */
void p2a_find_take(p2a_find *find, p2a_face_list *out);

/* P2A_ERR_MODEL unless the model is of this kind, takes 3 channels and has so many outputs. */
p2a_status p2a_check_kind(p2a_context *ctx, const p2a_model *model, const char *kind,
                          uint32_t outputs);

#endif
