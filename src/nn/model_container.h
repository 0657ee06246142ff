/* model_container.h - safetensors bytes to metadata strings and weights, f32 or bytes with scales
 */
#ifndef P2A_NN_MODEL_CONTAINER_H
#define P2A_NN_MODEL_CONTAINER_H

#include "nn/model.h"
#include "nn/model_names.h"

#define P2A_MODEL_FILE_BYTES_MAX ((size_t)512 << 20)
#define P2A_MODEL_HEADER_BYTES_MAX ((size_t)4 << 20)
#define P2A_MODEL_WEIGHTS_MAX 8192u
#define P2A_MODEL_METADATA_MAX 64u

/*
 * Fill model->metadata and model->graph.weights; after an error both hold what was made so far,
 * for p2a_model_destroy() to release.
 *
 * weight_names: the weights' names; release with p2a_names_release(), also after an error.
 * Errors: P2A_ERR_MODEL, P2A_ERR_MEMORY.
 */
p2a_status p2a_model_read_container(p2a_model *model, const void *file, size_t file_bytes,
                                    p2a_names *weight_names);

#endif
