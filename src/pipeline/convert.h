/* convert.h - one photo from pixels to pixels, in short steps: the struct behind p2a_job */
#ifndef P2A_PIPELINE_CONVERT_H
#define P2A_PIPELINE_CONVERT_H

#include "base/context.h"

/*
 * The size of the result: the photo's, or options->width_px wide with the height in proportion
 * (at least 1 px), checked against the limits.
 * Errors: P2A_ERR_LIMIT.
 */
p2a_status p2a_convert_size(p2a_context *ctx, uint32_t width_px, uint32_t height_px,
                            const p2a_options *options, uint32_t out_px[2]);

/* p2a_convert_estimate, p2a_job_* and p2a_convert of photo2anime.h, arguments checked. */
p2a_status p2a_pipeline_estimate(p2a_context *ctx, const p2a_model *model,
                                 const p2a_model *detector, const p2a_model *parser,
                                 uint32_t width_px, uint32_t height_px, const p2a_options *options,
                                 p2a_estimate *out);
p2a_status p2a_pipeline_create(p2a_context *ctx, const p2a_model *model, const p2a_image *image,
                               const p2a_options *options, p2a_job **out);
p2a_status p2a_pipeline_use_faces(p2a_job *job, const p2a_model *detector, const p2a_model *parser,
                                  const p2a_model *portrait);
uint32_t p2a_pipeline_face_count(const p2a_job *job);
p2a_status p2a_pipeline_face(p2a_job *job, uint32_t index, p2a_face_info *out);
const uint8_t *p2a_pipeline_face_classes(const p2a_job *job, uint32_t index);
p2a_status p2a_pipeline_step(p2a_job *job, double *out_progress);
p2a_status p2a_pipeline_take(p2a_job *job, p2a_result *result, p2a_image **out);
void p2a_pipeline_destroy(p2a_job *job);
p2a_context *p2a_pipeline_context(const p2a_job *job);

#endif
