/* model_promises.h - what nn/graph.h promises of a loaded model, as a check */
#ifndef P2A_TESTS_MODEL_PROMISES_H
#define P2A_TESTS_MODEL_PROMISES_H

#include <stdbool.h>

#include "nn/model.h"

/* Whether every index is in range, every node behind its inputs, and every weight a number. */
bool model_keeps_promises(const p2a_model *model);

#endif
