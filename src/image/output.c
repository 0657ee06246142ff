/* output.c - bytes that come one after the other -> one block that grows by half when it is full */
#include "image/output.h"

#include <string.h>

#include "base/alloc.h"

void p2a_output_begin(p2a_context *ctx, size_t expected_bytes, p2a_output *out)
{
    *out = (p2a_output){.ctx = ctx, .bytes = p2a_alloc(ctx, expected_bytes)};
    out->capacity = expected_bytes;
    out->failed = out->bytes == NULL;
}

static bool make_room(p2a_output *output, size_t count)
{
    size_t needed, grown;
    if (!p2a_add_size(output->count, count, &needed))
        return false;
    if (needed <= output->capacity)
        return true;
    if (!p2a_add_size(output->capacity, output->capacity / 2, &grown) || grown < needed)
        grown = needed;
    uint8_t *bytes = p2a_realloc(output->ctx, output->bytes, grown);
    if (bytes == NULL)
        return false;
    output->bytes = bytes;
    output->capacity = grown;
    return true;
}

void p2a_output_append(p2a_output *output, const void *bytes, size_t count)
{
    if (output->failed || count == 0)
        return;
    if (!make_room(output, count)) {
        output->failed = true;
        return;
    }
    memcpy(output->bytes + output->count, bytes, count);
    output->count += count;
}

void p2a_output_destroy(p2a_output *output)
{
    p2a_free(output->ctx, output->bytes);
    memset(output, 0, sizeof(*output));
}
