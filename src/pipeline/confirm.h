/* confirm.h - candidates for faces -> the faces among them, each looked at again upright and alone
 */
#ifndef P2A_PIPELINE_CONFIRM_H
#define P2A_PIPELINE_CONFIRM_H

#include "face/detect.h"
#include "image/image.h"
#include "pipeline/answer.h"

#define P2A_CONFIRM_PX 192   /* side of the upright frame in which a candidate is looked at */
#define P2A_CONFIRM_FRAMES 3 /* of a face; what is none is mostly seen in the first */
#define P2A_CONFIRM_MAX 512  /* candidates, the best ones: bounds the time of one photo */

typedef struct p2a_confirm p2a_confirm;

/*
 * The detector sees each candidate cut out by its coarse landmarks (p2a_align_face). Turned and
 * very large faces, leaves and patterned clothes all come at one scale there, which the detector
 * was trained for. What may be a face is cut out once more, by the landmarks found there, and seen
 * as it is and mirrored: the mean score of the three frames decides, and the landmarks are the mean
 * of the last two.
 *
 * detector:   an answer of the detector network, taken; its later pictures are the frames.
 * photo:      kept.
 * candidates: best score first; taken: all zero afterwards.
 * score:      from which it is a face: above 2/3, below 1.
 * out:        given: release with p2a_confirm_destroy().
 * Errors: P2A_ERR_MEMORY, P2A_ERR_INTERNAL; the answer and the candidates are taken even so.
 */
p2a_status p2a_confirm_create(p2a_context *ctx, p2a_answer *detector, const p2a_image *photo,
                              p2a_face_list *candidates, float score, p2a_confirm **out);
void p2a_confirm_destroy(p2a_confirm *confirm);

/* As p2a_network_step; one candidate at a time. */
p2a_status p2a_confirm_step(p2a_confirm *confirm, double budget, double *out_done);

/*
 * The faces, best score first, once the last step said 1; two candidates of one face are one.
 * out: given: release with p2a_face_list_destroy().
 */
p2a_status p2a_confirm_take(p2a_confirm *confirm, p2a_face_list *out);

/* The three levels of a detector's answer; borrowed as the answer's values are. */
void p2a_detect_levels(const p2a_answer *answer, p2a_detect_level levels[P2A_DETECT_LEVELS]);

#endif
