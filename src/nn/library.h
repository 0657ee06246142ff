/* library.h - XNNPACK's one-time start, with its memory taken from the context in use */
#ifndef P2A_NN_LIBRARY_H
#define P2A_NN_LIBRARY_H

#include "base/context.h"

/* May be called any number of times, from any thread. Errors: P2A_ERR_INTERNAL. */
p2a_status p2a_library_start(p2a_context *ctx);

#endif
