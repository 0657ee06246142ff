/* model_names.h - names to indexes, for the thousands of names that a hostile file may carry */
#ifndef P2A_NN_MODEL_NAMES_H
#define P2A_NN_MODEL_NAMES_H

#include "base/context.h"

#define P2A_NAME_BYTES 129 /* 1 to 128 printable ASCII characters without space, and a NUL */

typedef struct p2a_name_slot {
    const char *name; /* kept; NULL: free */
    uint32_t index;
} p2a_name_slot;

typedef struct p2a_names {
    p2a_name_slot *slots; /* open addressing, at most half full */
    uint32_t mask;
} p2a_names;

/* Room for `count` names. Errors: P2A_ERR_MEMORY. Release also after an error. */
p2a_status p2a_names_create(p2a_context *ctx, uint32_t count, p2a_names *out);
void p2a_names_release(p2a_context *ctx, p2a_names *names);

/* False, and nothing added, where the name is there already. */
bool p2a_names_add(p2a_names *names, const char *name, uint32_t index);
bool p2a_names_find(const p2a_names *names, const char *name, uint32_t *index);

/* Whether the text is a name: P2A_NAME_BYTES says what that is. */
bool p2a_name_is_valid(const char *text);

/* A copy with a NUL behind; NULL: no memory. Release with p2a_free(). */
char *p2a_name_copy(p2a_context *ctx, const char *name);

#endif
