/* model_json.h - JSON text to a checked, flat list of tokens, and tokens to strings and numbers */
#ifndef P2A_NN_MODEL_JSON_H
#define P2A_NN_MODEL_JSON_H

#include "base/context.h"

#define P2A_JSON_TOKENS_MAX 262144u /* 5 MB of tokens; a graph of 1000 nodes has about 40000 */
#define P2A_JSON_NONE UINT32_MAX

typedef enum p2a_json_kind {
    P2A_JSON_OBJECT,
    P2A_JSON_ARRAY,
    P2A_JSON_STRING,
    P2A_JSON_PRIMITIVE /* a number, true, false or null: whoever reads it checks which */
} p2a_json_kind;

/* An object's keys are its children; a key's value is the token after it. */
typedef struct p2a_json_token {
    p2a_json_kind kind;
    uint32_t start; /* of the text, without a string's quotes */
    uint32_t end;
    uint32_t next; /* the first token that is not inside this one */
    uint32_t size; /* members of an object, items of an array */
} p2a_json_token;

typedef struct p2a_json {
    const char *text; /* borrowed */
    p2a_json_token *tokens;
    uint32_t count;
} p2a_json;

/*
 * Read a whole text as one JSON object, by the letter of RFC 8259 (UTF-8, no NUL).
 *
 * what: names the text in messages.
 * out:  release with p2a_json_release(), also after an error. Token 0 is the object.
 * Errors: P2A_ERR_MODEL, P2A_ERR_MEMORY.
 */
p2a_status p2a_json_read(p2a_context *ctx, const char *text, size_t text_bytes, const char *what,
                         p2a_json *out);
void p2a_json_release(p2a_context *ctx, p2a_json *json);

/*
 * Undo a string's escapes into at most out_bytes bytes, with a NUL behind.
 *
 * Returns the length without the NUL; SIZE_MAX where it does not fit, the token is no string, a
 * surrogate stands alone, or the string holds \u0000.
 */
size_t p2a_json_string(const p2a_json *json, uint32_t token, char *out, size_t out_bytes);

/* Whether the token is a string that reads exactly `text`. */
bool p2a_json_equals(const p2a_json *json, uint32_t token, const char *text);

/* A whole number from 0 to `max` without sign, fraction or exponent; false: something else. */
bool p2a_json_uint(const p2a_json *json, uint32_t token, uint64_t max, uint64_t *out);

/* A number within float's range. Text in place of a token, so that metadata can be read too. */
bool p2a_json_float(const char *text, size_t text_bytes, float *out);

bool p2a_json_bool(const p2a_json *json, uint32_t token, bool *out);

#endif
