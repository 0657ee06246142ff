/* answer.h - a picture -> all outputs of a network, whole: for the detector and the parser */
#ifndef P2A_PIPELINE_ANSWER_H
#define P2A_PIPELINE_ANSWER_H

#include "image/image.h"
#include "nn/network.h"

typedef struct p2a_answer p2a_answer;

/*
 * model: kept.
 * out:   given: release with p2a_answer_destroy().
 * Errors: P2A_ERR_MEMORY, P2A_ERR_INTERNAL.
 */
p2a_status p2a_answer_create(p2a_context *ctx, const p2a_model *model, p2a_answer **out);
void p2a_answer_destroy(p2a_answer *answer);

/*
 * Bytes that creating this and starting a picture of this size would allocate, about, and the
 * picture's multiply-adds. Errors: P2A_ERR_MODEL, P2A_ERR_MEMORY.
 */
p2a_status p2a_answer_estimate(p2a_context *ctx, const p2a_model *model, size_t height_px,
                               size_t width_px, size_t *bytes, double *multiply_adds);

/*
 * Begin a picture: the network sees it mirrored to the right and below, up to its multiple.
 * image: kept until the last step. Errors: P2A_ERR_MODEL, P2A_ERR_MEMORY.
 */
p2a_status p2a_answer_start(p2a_answer *answer, const p2a_image *image);

/* As p2a_network_step. */
p2a_status p2a_answer_step(p2a_answer *answer, double budget, double *out_done);

/* Output `index`, [height, width, channels] f32; borrowed until the next start. */
const float *p2a_answer_values(const p2a_answer *answer, uint32_t index);
p2a_shape p2a_answer_shape(const p2a_answer *answer, uint32_t index);

#endif
