/* model_names.c - names to indexes, for the thousands of names that a hostile file may carry */
#include "nn/model_names.h"

#include <string.h>

#include "base/alloc.h"

p2a_status p2a_names_create(p2a_context *ctx, uint32_t count, p2a_names *out)
{
    uint32_t size = 16;
    while (size < count * 2)
        size *= 2;
    *out = (p2a_names){.mask = size - 1};
    out->slots = p2a_alloc_zeroed(ctx, size, sizeof *out->slots);
    if (out->slots == NULL)
        return p2a_fail_memory(ctx, size * sizeof *out->slots, "a table of names");
    return P2A_OK;
}

void p2a_names_release(p2a_context *ctx, p2a_names *names)
{
    p2a_free(ctx, names->slots);
    *names = (p2a_names){0};
}

/* The slot that holds the name, or the free one where it belongs. */
static p2a_name_slot *find_slot(const p2a_names *names, const char *name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *c = name; *c != '\0'; c++)
        hash = (hash ^ (uint8_t)*c) * 16777619u;
    uint32_t at = hash & names->mask;
    while (names->slots[at].name != NULL && strcmp(names->slots[at].name, name) != 0)
        at = (at + 1) & names->mask;
    return &names->slots[at];
}

bool p2a_names_add(p2a_names *names, const char *name, uint32_t index)
{
    p2a_name_slot *slot = find_slot(names, name);
    if (slot->name != NULL)
        return false;
    *slot = (p2a_name_slot){name, index};
    return true;
}

bool p2a_names_find(const p2a_names *names, const char *name, uint32_t *index)
{
    const p2a_name_slot *slot = find_slot(names, name);
    *index = slot->index;
    return slot->name != NULL;
}

bool p2a_name_is_valid(const char *text)
{
    size_t length = 0;
    for (; text[length] != '\0'; length++)
        if (text[length] <= ' ' || text[length] > '~')
            return false;
    return length > 0 && length < P2A_NAME_BYTES;
}

char *p2a_name_copy(p2a_context *ctx, const char *name)
{
    size_t bytes = strlen(name) + 1;
    char *copy = p2a_alloc(ctx, bytes);
    if (copy != NULL)
        memcpy(copy, name, bytes);
    return copy;
}
