/* model_json.c - JSON text to a checked, flat list of tokens, and tokens to strings and numbers */
#include "nn/model_json.h"

#include <string.h>

#include "base/alloc.h"

#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS /* closing a bracket costs one step instead of a search */
#include <jsmn.h>

#define NO_FIT SIZE_MAX
#define FLOAT_END 0x1.ffffffp127 /* the first double that rounds to an infinite float */
#define DEPTH_MAX 32             /* ours nest 5 deep; jsmn's time grows with the depth squared */

/* Length of the UTF-8 sequence at text[0], 0 where it is none (RFC 3629: shortest form only). */
static size_t utf8_bytes(const unsigned char *text, size_t left)
{
    unsigned char a = text[0];
    size_t length = a < 0x80 ? 1 : a < 0xc2 ? 0 : a < 0xe0 ? 2 : a < 0xf0 ? 3 : a < 0xf5 ? 4 : 0;
    if (length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    if (length == 3 && ((a == 0xe0 && text[1] < 0xa0) || (a == 0xed && text[1] > 0x9f)))
        return 0;
    if (length == 4 && ((a == 0xf0 && text[1] < 0x90) || (a == 0xf4 && text[1] > 0x8f)))
        return 0;
    return length;
}

/*
 * jsmn lets commas and colons be missing or doubled, and raw control bytes stand in strings. This
 * pass over the text refuses those, and deep nesting; jsmn then refuses what does not nest.
 * Returns the offset of the first byte that may not stand where it does, or text_bytes.
 */
static size_t check_text(const char *text, size_t text_bytes)
{
    int depth = 0;
    char before = ','; /* what stood last: { [ , : or s, a string, or v, any other value */
    for (size_t at = 0; at < text_bytes; at++) {
        char c = text[at];
        bool opens = before == '[' || before == ',' || before == ':';
        bool ended = before == 's' || before == 'v';
        switch (c) {
        case ' ':
        case '\t':
        case '\r':
        case '\n':
            continue;
        case '{':
        case '[':
            if (!opens || depth++ == DEPTH_MAX)
                return at;
            before = c;
            continue;
        case '}':
        case ']':
            if (!ended && before != (c == '}' ? '{' : '['))
                return at;
            depth--;
            before = 'v';
            continue;
        case ',':
        case ':':
            if (!ended || (c == ':' && before != 's'))
                return at;
            before = c;
            continue;
        case '"': {
            size_t start = at++;
            if (!opens && before != '{')
                return start;
            while (at < text_bytes && text[at] != '"') {
                if (text[at] == '\\')
                    at++; /* the escape itself is jsmn's to check, but a quote is none */
                if (at >= text_bytes || (unsigned char)text[at] < 0x20)
                    return at < text_bytes ? at : start;
                size_t length = utf8_bytes((const unsigned char *)text + at, text_bytes - at);
                if (length == 0)
                    return at;
                at += length;
            }
            if (at >= text_bytes)
                return start;
            before = 's';
            continue;
        }
        default:
            if (!opens || strchr("-0123456789tfn", c) == NULL || c == '\0')
                return at;
            while (at + 1 < text_bytes && text[at + 1] > ' ' && !strchr(",:]}\"", text[at + 1]))
                at++;
            before = 'v';
        }
    }
    return before == 'v' || text_bytes == 0 ? text_bytes : text_bytes - 1;
}

/* Copy jsmn's tokens into ours and check that keys are strings with one value, values have none. */
static bool link_tokens(const jsmntok_t *from, uint32_t count, p2a_json_token *to)
{
    for (uint32_t i = 0; i < count; i++) {
        static const p2a_json_kind kinds[] = {[JSMN_OBJECT] = P2A_JSON_OBJECT,
                                              [JSMN_ARRAY] = P2A_JSON_ARRAY,
                                              [JSMN_STRING] = P2A_JSON_STRING,
                                              [JSMN_PRIMITIVE] = P2A_JSON_PRIMITIVE};
        if (from[i].type == JSMN_UNDEFINED || from[i].end < from[i].start)
            return false;
        to[i].kind = kinds[from[i].type];
        to[i].start = (uint32_t)from[i].start;
        to[i].end = (uint32_t)from[i].end;
        to[i].size = (uint32_t)from[i].size;
        bool is_key = from[i].parent >= 0 && from[from[i].parent].type == JSMN_OBJECT;
        if (is_key && (to[i].kind != P2A_JSON_STRING || to[i].size != 1))
            return false;
        if (!is_key && to[i].kind >= P2A_JSON_STRING && to[i].size != 0)
            return false;
    }
    /* Last to first: what a token spans is known once its parts' spans are. */
    for (uint32_t i = count; i-- > 0;) {
        uint32_t next = i + 1;
        for (uint32_t child = 0; child < to[i].size; child++) {
            if (next >= count)
                return false;
            next = to[next].next;
        }
        to[i].next = next;
    }
    return to[0].next == count;
}

p2a_status p2a_json_read(p2a_context *ctx, const char *text, size_t text_bytes, const char *what,
                         p2a_json *out)
{
    *out = (p2a_json){.text = text};
    size_t wrong = check_text(text, text_bytes);
    if (wrong < text_bytes)
        return p2a_fail(
            ctx, P2A_ERR_MODEL,
            "%s is not JSON of at most %d levels: byte %zu, code %u, may not stand there", what,
            DEPTH_MAX, wrong, (unsigned)(unsigned char)text[wrong]);
    jsmn_parser parser;
    jsmn_init(&parser);
    int counted = text_bytes <= INT32_MAX ? jsmn_parse(&parser, text, text_bytes, NULL, 0) : -1;
    if (counted < 1)
        return p2a_fail(ctx, P2A_ERR_MODEL, "%s is not JSON", what);
    uint32_t count = (uint32_t)counted;
    if (count > P2A_JSON_TOKENS_MAX)
        return p2a_fail(ctx, P2A_ERR_MODEL, "expected at most %u JSON tokens in %s, got %u",
                        P2A_JSON_TOKENS_MAX, what, count);

    jsmntok_t *raw = p2a_alloc_zeroed(ctx, count, sizeof *raw);
    out->tokens = p2a_alloc_zeroed(ctx, count, sizeof *out->tokens);
    p2a_status status = P2A_OK;
    if (raw == NULL || out->tokens == NULL) {
        status = p2a_fail_memory(ctx, count * (sizeof *raw + sizeof *out->tokens), what);
    } else {
        jsmn_init(&parser);
        counted = jsmn_parse(&parser, text, text_bytes, raw, count);
        if (counted < 1 || (uint32_t)counted != count || !link_tokens(raw, count, out->tokens))
            status = p2a_fail(ctx, P2A_ERR_MODEL, "%s is not JSON: it does not nest", what);
        else if (out->tokens[0].kind != P2A_JSON_OBJECT)
            status = p2a_fail(ctx, P2A_ERR_MODEL, "expected a JSON object for %s", what);
    }
    out->count = count;
    p2a_free(ctx, raw);
    return status;
}

void p2a_json_release(p2a_context *ctx, p2a_json *json)
{
    p2a_free(ctx, json->tokens);
    *json = (p2a_json){0};
}

static uint32_t hex4(const char *text)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        char c = text[i];
        value = value * 16 + (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
}

static size_t put_utf8(uint32_t code, char out[4])
{
    size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const uint32_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = length; i-- > 1; code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)(lead[length] | code);
    return length;
}

size_t p2a_json_string(const p2a_json *json, uint32_t token, char *out, size_t out_bytes)
{
    const p2a_json_token *t = &json->tokens[token];
    if (t->kind != P2A_JSON_STRING || out_bytes == 0)
        return NO_FIT;
    size_t length = 0;
    for (uint32_t at = t->start; at < t->end;) {
        char piece[4] = {json->text[at++]};
        size_t piece_bytes = 1;
        if (piece[0] == '\\') {
            char c = json->text[at++]; /* jsmn saw to it that it is one of the nine */
            static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
            const char *plain = strchr(from, c);
            piece[0] = plain != NULL ? to[plain - from] : c;
            if (c == 'u') {
                uint32_t code = hex4(json->text + at);
                at += 4;
                if (code >= 0xd800 && code < 0xdc00 && at + 6 <= t->end && json->text[at] == '\\' &&
                    json->text[at + 1] == 'u') {
                    uint32_t low = hex4(json->text + at + 2);
                    if (low < 0xdc00 || low > 0xdfff)
                        return NO_FIT;
                    at += 6;
                    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                }
                if (code == 0 || (code >= 0xd800 && code < 0xe000))
                    return NO_FIT;
                piece_bytes = put_utf8(code, piece);
            }
        }
        if (piece_bytes >= out_bytes - length)
            return NO_FIT;
        memcpy(out + length, piece, piece_bytes);
        length += piece_bytes;
    }
    out[length] = '\0';
    return length;
}

bool p2a_json_equals(const p2a_json *json, uint32_t token, const char *text)
{
    char buffer[64];
    size_t length = p2a_json_string(json, token, buffer, sizeof buffer);
    return length != NO_FIT && strcmp(buffer, text) == 0;
}

bool p2a_json_uint(const p2a_json *json, uint32_t token, uint64_t max, uint64_t *out)
{
    const p2a_json_token *t = &json->tokens[token];
    const char *text = json->text + t->start;
    size_t length = t->end - t->start;
    *out = 0;
    if (t->kind != P2A_JSON_PRIMITIVE || length == 0 || length > 18 ||
        (length > 1 && text[0] == '0'))
        return false;
    uint64_t value = 0; /* 18 digits fit */
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    if (value > max)
        return false;
    *out = value;
    return true;
}

/*
 * Not strtod: its decimal point is the locale's. 17 digits are kept, more than a float can tell
 * apart; powers of ten are products of doubles, whose error is far below a float's.
 */
bool p2a_json_float(const char *text, size_t text_bytes, float *out)
{
    size_t at = 0, digits = 0;
    double mantissa = 0;
    int exponent = 0;
    bool negative = at < text_bytes && text[at] == '-';
    at += negative;
    size_t whole = at;
    for (bool fraction = false; at < text_bytes; at++) {
        if (text[at] == '.' && !fraction && at > whole) {
            fraction = true;
            if (at + 1 >= text_bytes || text[at + 1] < '0' || text[at + 1] > '9')
                return false;
            continue;
        }
        if (text[at] < '0' || text[at] > '9')
            break;
        if (!fraction && at > whole && text[whole] == '0')
            return false; /* 01 is no JSON number */
        if (digits < 17) {
            mantissa = mantissa * 10 + (text[at] - '0');
            digits += mantissa > 0;
            exponent -= fraction;
        } else {
            exponent += !fraction;
        }
    }
    if (at == whole || text_bytes > 64)
        return false;
    if (at < text_bytes && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        bool down = at < text_bytes && text[at] == '-';
        at += at < text_bytes && (text[at] == '-' || text[at] == '+');
        size_t first = at;
        int power = 0;
        for (; at < text_bytes && text[at] >= '0' && text[at] <= '9'; at++)
            power = power < 1000 ? power * 10 + (text[at] - '0') : power;
        if (at == first)
            return false;
        exponent += down ? -power : power;
    }
    if (at != text_bytes)
        return false;
    for (; exponent > 0 && mantissa > 0 && mantissa < FLOAT_END; exponent--)
        mantissa *= 10;
    double divisor = 1;
    for (; exponent < 0 && divisor < 1e200; exponent++)
        divisor *= 10;
    double value = mantissa / divisor;
    if (!(value < FLOAT_END))
        return false;
    *out = (float)(negative ? -value : value);
    return true;
}

bool p2a_json_bool(const p2a_json *json, uint32_t token, bool *out)
{
    const p2a_json_token *t = &json->tokens[token];
    const char *text = json->text + t->start;
    size_t length = t->end - t->start;
    *out = length == 4 && memcmp(text, "true", 4) == 0;
    return t->kind == P2A_JSON_PRIMITIVE &&
           (*out || (length == 5 && memcmp(text, "false", 5) == 0));
}
