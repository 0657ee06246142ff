/* huffman.h - how often each symbol occurs -> a prefix code of bounded length, as Deflate sends it
 */
#ifndef P2A_IMAGE_HUFFMAN_H
#define P2A_IMAGE_HUFFMAN_H

#include <stdint.h>

#define P2A_HUFFMAN_SYMBOLS_MAX 288

typedef struct p2a_huffman_code {
    uint16_t bits;      /* first bit of the code lowest: ready for a writer that fills from below */
    uint16_t bit_count; /* 0: the symbol does not occur */
} p2a_huffman_code;

/*
 * counts:        of symbol_count symbols, at most P2A_HUFFMAN_SYMBOLS_MAX; each below 2^22.
 * bit_count_max: at most 15, and enough for all symbols.
 * codes:         filled. At least two symbols get a code, even where fewer occur: some decoders
 *                refuse a code of one.
 */
void p2a_huffman_build(const uint32_t *counts, uint32_t symbol_count, uint32_t bit_count_max,
                       p2a_huffman_code *codes);

#endif
