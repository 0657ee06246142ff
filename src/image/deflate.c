/* deflate.c - bytes -> literals and matches (LZ77) -> blocks of Huffman codes made for them */
#include "image/deflate.h"

#include <assert.h>
#include <string.h>

#include "image/huffman.h"

/* RFC 1951. */
#define WINDOW 32768
#define MATCH_MAX 258
#define LITERALS 286 /* 256 bytes, the end of a block, 29 match lengths */
#define DISTANCES 30
#define LENGTH_CODES 19
#define CODE_BITS_MAX 15
#define LENGTH_CODE_BITS_MAX 7
#define END_OF_BLOCK 256
#define STORED_MAX 65535

/* The format allows 3, but 3 bytes from far away cost as much as 3 literals. */
#define MATCH_MIN 4
#define HASH_BITS 15
/* How hard to look. Four times as far takes twice the time and saves 2 % of a painted picture. */
#define CHAIN_MAX 4
#define LENGTH_NICE 96
#define LENGTH_LAZY 32

#define TOKEN_IS_MATCH 0x80000000u /* else a literal byte */

typedef struct scratch_memory {
    uint32_t head[1 << HASH_BITS]; /* last place of a hash, plus 1; 0: none */
    uint32_t previous[WINDOW];     /* the place before it with the same hash, plus 1 */
    uint32_t tokens[STORED_MAX];
    uint32_t literal_counts[LITERALS];
    uint32_t distance_counts[DISTANCES];
    p2a_huffman_code literals[LITERALS];
    p2a_huffman_code distances[DISTANCES];
    p2a_huffman_code lengths[LENGTH_CODES];
    uint8_t run_symbols[LITERALS + DISTANCES]; /* the code lengths, run-length coded */
    uint8_t run_extras[LITERALS + DISTANCES];
} scratch_memory;

typedef struct bit_writer {
    uint8_t *at;
    uint64_t bits;
    uint32_t count; /* below 8 between two puts */
} bit_writer;

typedef struct match {
    uint32_t length; /* 0: none */
    uint32_t distance;
} match;

static inline void put_bits(bit_writer *w, uint32_t value, uint32_t count)
{
    w->bits |= (uint64_t)value << w->count;
    w->count += count;
    while (w->count >= 8) {
        *w->at++ = (uint8_t)w->bits;
        w->bits >>= 8;
        w->count -= 8;
    }
}

static void put_whole_byte(bit_writer *w)
{
    if (w->count > 0)
        put_bits(w, 0, 8 - w->count);
}

static inline uint32_t log2_floor(uint32_t value)
{
    return 31 - (uint32_t)__builtin_clz(value);
}

/* Match lengths 3..258 -> symbol, and the number and value of the bits behind it (3.2.5). */
static inline uint32_t length_symbol(uint32_t length, uint32_t *extra_bits)
{
    const uint32_t l = length - 3;
    *extra_bits = 0;
    if (length == MATCH_MAX)
        return 285;
    if (l < 8)
        return 257 + l;
    *extra_bits = log2_floor(l) - 2;
    return 257 + 4 * *extra_bits + (l >> *extra_bits);
}

static inline uint32_t distance_symbol(uint32_t distance, uint32_t *extra_bits)
{
    const uint32_t d = distance - 1;
    *extra_bits = 0;
    if (d < 4)
        return d;
    *extra_bits = log2_floor(d) - 1;
    return 2 * *extra_bits + (d >> *extra_bits);
}

static inline uint32_t read_4(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, 4);
    return value;
}

static inline uint32_t hash_of(const uint8_t *at)
{
    return read_4(at) * 0x9e3779b1u >> (32 - HASH_BITS);
}

static inline void remember(scratch_memory *s, const uint8_t *bytes, size_t at)
{
    const uint32_t hash = hash_of(bytes + at);
    s->previous[at % WINDOW] = s->head[hash];
    s->head[hash] = (uint32_t)at + 1;
}

/* The longest match of at least `longer_than` + 1 bytes for bytes[at..], at most `room` long. */
static match find_match(const scratch_memory *s, const uint8_t *bytes, size_t at, uint32_t room,
                        uint32_t longer_than)
{
    match best = {longer_than, 0};
    uint32_t candidate = s->head[hash_of(bytes + at)];
    if (best.length >= room)
        candidate = 0;
    for (int tries = CHAIN_MAX; tries > 0 && candidate > 0; tries--) {
        const size_t from = candidate - 1;
        if (at - from > WINDOW)
            break;
        if (bytes[from + best.length] == bytes[at + best.length] &&
            read_4(bytes + from) == read_4(bytes + at)) {
            uint32_t length = 4;
            while (length < room && bytes[from + length] == bytes[at + length])
                length++;
            if (length > best.length) {
                best = (match){length, (uint32_t)(at - from)};
                if (length >= LENGTH_NICE || length == room)
                    break;
            }
        }
        candidate = s->previous[from % WINDOW]; /* of this place still: it is inside the window */
    }
    return best.distance == 0 ? (match){0, 0} : best;
}

/* bytes[begin..end) -> tokens. Returns their number. A match never leaves the block. */
static size_t find_tokens(scratch_memory *s, const uint8_t *bytes, size_t begin, size_t end)
{
    size_t token_count = 0;
    match kept = {0, 0}; /* of the byte before, which waits for a better one here */
    bool waits = false;
    for (size_t at = begin; at < end;) {
        const size_t left = end - at;
        const uint32_t room = (uint32_t)(left < MATCH_MAX ? left : MATCH_MAX);
        match found = {0, 0};
        if (room >= MATCH_MIN) {
            if (kept.length < LENGTH_LAZY)
                found = find_match(s, bytes, at, room,
                                   kept.length >= MATCH_MIN ? kept.length : MATCH_MIN - 1);
            remember(s, bytes, at);
        }
        if (waits && found.length == 0 && kept.length > 0) {
            s->tokens[token_count++] =
                TOKEN_IS_MATCH | (kept.length - 3) << 16 | (kept.distance - 1);
            const size_t next = at - 1 + kept.length;
            for (at++; at < next; at++)
                if (end - at >= MATCH_MIN)
                    remember(s, bytes, at);
            waits = false;
            kept = (match){0, 0};
            continue;
        }
        if (waits)
            s->tokens[token_count++] = bytes[at - 1];
        kept = found;
        waits = true;
        at++;
    }
    if (waits)
        s->tokens[token_count++] = bytes[end - 1];
    return token_count;
}

static void count_symbols(scratch_memory *s, size_t token_count)
{
    memset(s->literal_counts, 0, sizeof(s->literal_counts));
    memset(s->distance_counts, 0, sizeof(s->distance_counts));
    for (size_t i = 0; i < token_count; i++) {
        const uint32_t token = s->tokens[i];
        uint32_t extra_bits;
        if (token & TOKEN_IS_MATCH) {
            s->literal_counts[length_symbol((token >> 16 & 0xff) + 3, &extra_bits)]++;
            s->distance_counts[distance_symbol((token & 0x7fff) + 1, &extra_bits)]++;
        } else {
            s->literal_counts[token]++;
        }
    }
    s->literal_counts[END_OF_BLOCK] = 1;
}

static uint64_t bits_of_tokens(const scratch_memory *s)
{
    uint64_t bits = 0;
    for (uint32_t i = 0; i < LITERALS; i++) {
        const uint32_t extra = i < 265 || i == 285 ? 0 : (i - 261) / 4;
        bits += (uint64_t)s->literal_counts[i] * (s->literals[i].bit_count + extra);
    }
    for (uint32_t i = 0; i < DISTANCES; i++) {
        const uint32_t extra = i < 4 ? 0 : (i - 2) / 2;
        bits += (uint64_t)s->distance_counts[i] * (s->distances[i].bit_count + extra);
    }
    return bits;
}

static void put_tokens(bit_writer *w, const scratch_memory *s, size_t token_count)
{
    for (size_t i = 0; i < token_count; i++) {
        const uint32_t token = s->tokens[i];
        if (!(token & TOKEN_IS_MATCH)) {
            put_bits(w, s->literals[token].bits, s->literals[token].bit_count);
            continue;
        }
        const uint32_t length = (token >> 16 & 0xff) + 3, distance = (token & 0x7fff) + 1;
        uint32_t extra_bits;
        const p2a_huffman_code *code = &s->literals[length_symbol(length, &extra_bits)];
        put_bits(w, code->bits, code->bit_count);
        put_bits(w, (length - 3) & ((1u << extra_bits) - 1), extra_bits);
        code = &s->distances[distance_symbol(distance, &extra_bits)];
        put_bits(w, code->bits, code->bit_count);
        put_bits(w, (distance - 1) & ((1u << extra_bits) - 1), extra_bits);
    }
    put_bits(w, s->literals[END_OF_BLOCK].bits, s->literals[END_OF_BLOCK].bit_count);
}

/* The header of a block of own codes, 3.2.7: the lengths of both codes as runs. */
typedef struct code_header {
    uint32_t literal_count, distance_count, length_count, run_count;
    uint64_t bits;
} code_header;

static const uint8_t length_order[LENGTH_CODES] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                   11, 4,  12, 3, 13, 2, 14, 1, 15};

static uint32_t run_extra_bits(uint32_t symbol)
{
    return symbol == 16 ? 2 : symbol == 17 ? 3 : symbol == 18 ? 7 : 0;
}

static uint32_t code_length_at(const scratch_memory *s, const code_header *h, uint32_t i)
{
    return i < h->literal_count ? s->literals[i].bit_count
                                : s->distances[i - h->literal_count].bit_count;
}

static void find_runs(scratch_memory *s, code_header *h)
{
    const uint32_t total = h->literal_count + h->distance_count;
    h->run_count = 0;
    for (uint32_t i = 0; i < total;) {
        const uint32_t length = code_length_at(s, h, i);
        uint32_t run = 1;
        while (i + run < total && code_length_at(s, h, i + run) == length)
            run++;
        uint32_t symbol = length, extra = 0, taken = 1;
        if (length == 0 && run >= 11) {
            taken = run < 138 ? run : 138;
            symbol = 18;
            extra = taken - 11;
        } else if (length == 0 && run >= 3) {
            taken = run;
            symbol = 17;
            extra = taken - 3;
        } else if (i > 0 && run >= 3 && code_length_at(s, h, i - 1) == length) {
            taken = run < 6 ? run : 6;
            symbol = 16;
            extra = taken - 3;
        }
        s->run_symbols[h->run_count] = (uint8_t)symbol;
        s->run_extras[h->run_count++] = (uint8_t)extra;
        i += taken;
    }
}

static code_header plan_header(scratch_memory *s)
{
    code_header h = {.literal_count = LITERALS, .distance_count = DISTANCES};
    while (h.literal_count > 257 && s->literals[h.literal_count - 1].bit_count == 0)
        h.literal_count--;
    while (h.distance_count > 1 && s->distances[h.distance_count - 1].bit_count == 0)
        h.distance_count--;
    find_runs(s, &h);

    uint32_t counts[LENGTH_CODES] = {0};
    for (uint32_t i = 0; i < h.run_count; i++)
        counts[s->run_symbols[i]]++;
    p2a_huffman_build(counts, LENGTH_CODES, LENGTH_CODE_BITS_MAX, s->lengths);
    h.length_count = LENGTH_CODES;
    while (h.length_count > 4 && s->lengths[length_order[h.length_count - 1]].bit_count == 0)
        h.length_count--;

    h.bits = 5 + 5 + 4 + 3 * (uint64_t)h.length_count;
    for (uint32_t i = 0; i < LENGTH_CODES; i++)
        h.bits += (uint64_t)counts[i] * (s->lengths[i].bit_count + run_extra_bits(i));
    return h;
}

static void put_header(bit_writer *w, const scratch_memory *s, const code_header *h)
{
    put_bits(w, h->literal_count - 257, 5);
    put_bits(w, h->distance_count - 1, 5);
    put_bits(w, h->length_count - 4, 4);
    for (uint32_t i = 0; i < h->length_count; i++)
        put_bits(w, s->lengths[length_order[i]].bit_count, 3);
    for (uint32_t i = 0; i < h->run_count; i++) {
        const p2a_huffman_code *code = &s->lengths[s->run_symbols[i]];
        put_bits(w, code->bits, code->bit_count);
        put_bits(w, s->run_extras[i], run_extra_bits(s->run_symbols[i]));
    }
}

static void put_stored(bit_writer *w, const uint8_t *bytes, uint32_t count, bool is_last)
{
    put_bits(w, is_last, 1);
    put_bits(w, 0, 2);
    put_whole_byte(w);
    put_bits(w, count, 16);
    put_bits(w, ~count & 0xffff, 16);
    memcpy(w->at, bytes, count);
    w->at += count;
}

static void put_block(bit_writer *w, scratch_memory *s, const uint8_t *bytes, size_t begin,
                      size_t end, bool is_last)
{
    const size_t token_count = find_tokens(s, bytes, begin, end);
    count_symbols(s, token_count);
    p2a_huffman_build(s->literal_counts, LITERALS, CODE_BITS_MAX, s->literals);
    p2a_huffman_build(s->distance_counts, DISTANCES, CODE_BITS_MAX, s->distances);
    const code_header header = plan_header(s);
    const uint32_t count = (uint32_t)(end - begin);
    if (header.bits + bits_of_tokens(s) >= ((uint64_t)count + 4) * 8) {
        put_stored(w, bytes + begin, count, is_last);
        return;
    }
    put_bits(w, is_last, 1);
    put_bits(w, 2, 2);
    put_header(w, s, &header);
    put_tokens(w, s, token_count);
}

size_t p2a_deflate_scratch_bytes(void)
{
    return sizeof(scratch_memory);
}

size_t p2a_deflate_bound(size_t count)
{
    /* No block is longer than a stored one: 3 bits, up to a whole byte, 4 bytes, the data. */
    const size_t blocks = count / STORED_MAX + 1;
    return count + 6 * blocks + 6;
}

size_t p2a_deflate(const uint8_t *bytes, size_t count, bool is_last, void *scratch, uint8_t *out)
{
    scratch_memory *s = scratch;
    memset(s->head, 0, sizeof(s->head));
    bit_writer w = {.at = out};
    size_t begin = 0;
    do {
        const size_t end = count - begin < STORED_MAX ? count : begin + STORED_MAX;
        put_block(&w, s, bytes, begin, end, is_last && end == count);
        begin = end;
    } while (begin < count);
    if (!is_last)
        put_stored(&w, bytes, 0, false);
    put_whole_byte(&w);
    assert((size_t)(w.at - out) <= p2a_deflate_bound(count));
    return (size_t)(w.at - out);
}
