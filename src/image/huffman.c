/* huffman.c - symbol counts -> lengths of a Huffman tree, cut to a limit -> canonical codes */
#include "image/huffman.h"

#include <stdlib.h>
#include <string.h>

#define BIT_COUNT_MAX 15
#define SYMBOL_BITS 9

static int compare(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Symbols that occur, rarest first; count and symbol in one number, so that ties have an order. */
static uint32_t sort_symbols(const uint32_t *counts, uint32_t symbol_count, uint32_t *sorted)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < symbol_count; i++)
        if (counts[i] > 0)
            sorted[used++] = counts[i] << SYMBOL_BITS | i;
    for (uint32_t i = 0; used < 2; i++)
        if (counts[i] == 0)
            sorted[used++] = 1u << SYMBOL_BITS | i;
    qsort(sorted, used, sizeof(*sorted), compare);
    return used;
}

/*
 * Merge the two rarest nodes until one is left. Leaves are sorted, and merged nodes come out
 * sorted: the rarest is always at the head of one of two queues. lengths[n]: leaves of depth n.
 */
static void count_lengths(const uint32_t *sorted, uint32_t used, uint32_t *lengths)
{
    uint32_t weight[2 * P2A_HUFFMAN_SYMBOLS_MAX];
    uint16_t parent[2 * P2A_HUFFMAN_SYMBOLS_MAX];
    uint16_t depth[2 * P2A_HUFFMAN_SYMBOLS_MAX];
    for (uint32_t i = 0; i < used; i++)
        weight[i] = sorted[i] >> SYMBOL_BITS;
    const uint32_t root = 2 * used - 2;
    uint32_t leaf = 0, merged = used;
    for (uint32_t node = used; node <= root; node++) {
        weight[node] = 0;
        for (int child = 0; child < 2; child++) {
            const int takes_leaf =
                leaf < used && (merged == node || weight[leaf] <= weight[merged]);
            const uint32_t taken = takes_leaf ? leaf++ : merged++;
            weight[node] += weight[taken];
            parent[taken] = (uint16_t)node;
        }
    }
    depth[root] = 0;
    for (uint32_t node = root; node-- > 0;) {
        depth[node] = (uint16_t)(depth[parent[node]] + 1);
        if (node < used)
            lengths[depth[node]]++;
    }
}

/*
 * Codes that are too long get the limit; then codes are moved down, each from the deepest level
 * that has room, until the lengths fit one tree again (Kraft's sum is 1).
 */
static void cut_lengths(uint32_t *lengths, uint32_t used, uint32_t limit)
{
    for (uint32_t n = limit + 1; n < used; n++) {
        lengths[limit] += lengths[n];
        lengths[n] = 0;
    }
    uint32_t sum = 0;
    for (uint32_t n = 1; n <= limit; n++)
        sum += lengths[n] << (limit - n);
    for (; sum > 1u << limit; sum--) {
        uint32_t n = limit - 1;
        while (lengths[n] == 0)
            n--;
        lengths[n]--;
        lengths[n + 1] += 2;
        lengths[limit]--;
    }
}

static uint16_t reverse_bits(uint32_t value, uint32_t count)
{
    uint32_t reversed = 0;
    for (uint32_t i = 0; i < count; i++)
        reversed |= (value >> i & 1) << (count - 1 - i);
    return (uint16_t)reversed;
}

void p2a_huffman_build(const uint32_t *counts, uint32_t symbol_count, uint32_t bit_count_max,
                       p2a_huffman_code *codes)
{
    uint32_t sorted[P2A_HUFFMAN_SYMBOLS_MAX];
    uint32_t lengths[P2A_HUFFMAN_SYMBOLS_MAX + 1] = {0};
    const uint32_t used = sort_symbols(counts, symbol_count, sorted);
    count_lengths(sorted, used, lengths);
    cut_lengths(lengths, used, bit_count_max);

    memset(codes, 0, symbol_count * sizeof(*codes));
    uint32_t next = 0; /* rarest symbols take the longest codes */
    for (uint32_t n = bit_count_max; n > 0; n--)
        for (uint32_t i = 0; i < lengths[n]; i++)
            codes[sorted[next++] & ((1u << SYMBOL_BITS) - 1)].bit_count = (uint16_t)n;

    /* Canonical codes, RFC 1951 section 3.2.2. */
    uint32_t next_code[BIT_COUNT_MAX + 1] = {0};
    uint32_t code = 0;
    for (uint32_t n = 1; n <= bit_count_max; n++) {
        code = (code + lengths[n - 1]) << 1;
        next_code[n] = code;
    }
    for (uint32_t i = 0; i < symbol_count; i++)
        if (codes[i].bit_count > 0)
            codes[i].bits = reverse_bits(next_code[codes[i].bit_count]++, codes[i].bit_count);
}
