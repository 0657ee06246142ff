/* model_json.c - texts that are JSON and texts that only look like it; strings and numbers to the
 * letter */
#include "nn/model_json.h"

#include "base/alloc.h"
#include "check.h"

static p2a_context *ctx;

static bool reads_bytes(const char *text, size_t bytes)
{
    p2a_json json;
    p2a_status status = p2a_json_read(ctx, text, bytes, "a text", &json);
    CHECK(status == P2A_OK || status == P2A_ERR_MODEL);
    p2a_json_release(ctx, &json);
    return status == P2A_OK;
}

static void test_grammar(void)
{
    static const char *const good[] = {
        "{}", " {\t\"a\" :\r\n[ 1 , -2.5e+3, true,false ,null, \"x\", {}, [] ] } ",
        "{\"a\":{\"b\":{\"c\":[[[0]]]}},\"d\":\"\"}", "{\"\\u0041\\n\\\"\\\\\\/\":1}",
        "{\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\":\"\xef\xbf\xbd\"}"};
    static const char *const bad[] = {"",
                                      " ",
                                      "1",
                                      "\"a\"",
                                      "[]",
                                      "nul",
                                      "{",
                                      "}",
                                      "{]",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":1",
                                      "{a:1}",
                                      "{\"a\":1,}",
                                      "{,\"a\":1}",
                                      "{\"a\":1,,\"b\":2}",
                                      "{\"a\":1 \"b\":2}",
                                      "{\"a\" 1}",
                                      "{\"a\"::1}",
                                      "{\"a\":1:2}",
                                      "{\"a\":\"b\":2}",
                                      "{\"a\":[]:2}",
                                      "{\"a\":{}:2}",
                                      "{1:2}",
                                      "{[]:1}",
                                      "{\"a\",\"b\"}",
                                      "{\"a\":[1 2]}",
                                      "{\"a\":[1,]}",
                                      "{\"a\":[,1]}",
                                      "{\"a\":[\"b\":1]}",
                                      "{\"a\":[1}]",
                                      "{\"a\":1}}",
                                      "{\"a\":1}{}",
                                      "{\"a\":1} x",
                                      "{\"a\":1},",
                                      "{\"a\":'b'}",
                                      "{\"a\":\"b}",
                                      "{\"a\":\"\\x\"}",
                                      "{\"a\":\"\\u12g4\"}",
                                      "{\"a\":\"\\u12\"}",
                                      "{\"a\":\"\n\"}",
                                      "{\"a\":\"\\",
                                      "{\"a\":\"\\\"",
                                      "{\"a\":\"\x80\"}",
                                      "{\"a\":\"\xc0\x80\"}",
                                      "{\"a\":\"\xe0\x80\x80\"}",
                                      "{\"a\":\"\xed\xa0\x80\"}",
                                      "{\"a\":\"\xf4\x90\x80\x80\"}",
                                      "{\"a\":\"\xe2\x82\"}",
                                      "{\"a\":\xc3\xa9}",
                                      "\xef\xbb\xbf{}",
                                      "{\"a\":+1}",
                                      "{\"a\":.5}",
                                      "/**/{}",
                                      "{\"a\":NaN}",
                                      "{\"a\":Infinity}"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        bool reads = reads_bytes(good[i], strlen(good[i]));
        if (!reads)
            printf("good text refused: %s: %s\n", good[i], p2a_context_message(ctx));
        CHECK(reads);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bool reads = reads_bytes(bad[i], strlen(bad[i]));
        if (reads)
            printf("bad text read: %s\n", bad[i]);
        CHECK(!reads);
        CHECK(p2a_context_message(ctx)[0] != '\0');
    }
    CHECK(!reads_bytes("{\"a\":1}\0", 8));
    CHECK(!reads_bytes("{\"a\0\":1}", 8));
    CHECK(!reads_bytes("\0{}", 3));
}

/* Deep texts are refused at once, without recursion; so are texts of very many tokens. */
static void test_size(void)
{
    enum { COUNT = 1000000 };
    char *text = malloc(2 * COUNT + 8);
    if (text == NULL)
        abort();
    for (size_t depth = 30; depth <= COUNT; depth = depth < 40 ? depth + 1 : depth * 10) {
        memcpy(text, "{\"a\":", 5);
        memset(text + 5, '[', depth);
        CHECK(!reads_bytes(text, depth + 5));
        memset(text + 5 + depth, ']', depth);
        text[5 + 2 * depth] = '}';
        CHECK(reads_bytes(text, 2 * depth + 6) == (depth < 32));
    }
    for (size_t count = 1000; count <= COUNT; count *= 10) {
        memcpy(text, "{\"a\":[", 6);
        for (size_t i = 0; i < count; i++)
            memcpy(text + 6 + 2 * i, i + 1 < count ? "1," : "1 ", 2);
        memcpy(text + 6 + 2 * count, "]}", 2);
        CHECK(reads_bytes(text, 8 + 2 * count) == (count < P2A_JSON_TOKENS_MAX));
    }
    CHECK(strstr(p2a_context_message(ctx), "JSON tokens") != NULL);
    free(text);
}

/* Token 2 of {"a":...}, or P2A_JSON_NONE. */
static void with_value(const char *value, p2a_json *json, char text[256])
{
    int bytes = snprintf(text, 256, "{\"a\":%s}", value);
    CHECK_EQUAL(p2a_json_read(ctx, text, (size_t)bytes, "a text", json), P2A_OK);
}

static void test_strings(void)
{
    static const struct {
        const char *text, *value; /* NULL: refused */
    } cases[] = {{"\"\"", ""},
                 {"\"abc\"", "abc"},
                 {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
                 {"\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac"},
                 {"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"},
                 {"\"\\ud83d\"", NULL},
                 {"\"\\ude00\"", NULL},
                 {"\"\\ud83dx\"", NULL},
                 {"\"\\ud83d\\u0041\"", NULL},
                 {"\"\\ud83d\\n1234\"", NULL},
                 {"\"\\u0000\"", NULL},
                 {"1", NULL},
                 {"[]", NULL},
                 {"true", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        p2a_json json;
        char text[256], value[64];
        with_value(cases[i].text, &json, text);
        size_t length = p2a_json_string(&json, 2, value, sizeof value);
        if (cases[i].value == NULL) {
            CHECK(length == SIZE_MAX);
        } else {
            CHECK_EQUAL(length, strlen(cases[i].value));
            CHECK(length < sizeof value && strcmp(value, cases[i].value) == 0);
            CHECK(p2a_json_string(&json, 2, value, length) == SIZE_MAX);
            CHECK_EQUAL(p2a_json_string(&json, 2, value, length + 1), length);
            CHECK(p2a_json_equals(&json, 2, cases[i].value));
            CHECK(!p2a_json_equals(&json, 2, "other"));
        }
        p2a_json_release(ctx, &json);
    }
}

static void test_numbers(void)
{
    static const struct {
        const char *text;
        bool is_uint, is_float;
        uint64_t uint;
        float number;
    } cases[] = {{"0", true, true, 0, 0.0f},
                 {"17", true, true, 17, 17.0f},
                 {"999", true, true, 999, 999.0f},
                 {"1000", false, true, 0, 1000.0f},
                 {"-0", false, true, 0, -0.0f},
                 {"-1", false, true, 0, -1.0f},
                 {"01", false, false, 0, 0},
                 {"1.", false, false, 0, 0},
                 {"1.5", false, true, 0, 1.5f},
                 {"0.1", false, true, 0, 0.1f},
                 {"1e2", false, true, 0, 100.0f},
                 {"1E+2", false, true, 0, 100.0f},
                 {"1e", false, false, 0, 0},
                 {"1e+", false, false, 0, 0},
                 {"-", false, false, 0, 0},
                 {"1x", false, false, 0, 0},
                 {"1.2.3", false, false, 0, 0},
                 {"--1", false, false, 0, 0},
                 {"3.4028235e38", false, true, 0, 3.4028235e38f},
                 {"3.41e38", false, false, 0, 0},
                 {"1e99999", false, false, 0, 0},
                 {"0e99999", false, true, 0, 0.0f},
                 {"1e-45", false, true, 0, 1e-45f},
                 {"1e-99999", false, true, 0, 0.0f},
                 {"0.00001", false, true, 0, 0.00001f},
                 {"123456789.123456789123456789", false, true, 0, 123456789.0f},
                 {"0.000000000000000000000000000012345678", false, true, 0, 1.2345678e-29f},
                 {"16777217000000000000000", false, true, 0, 16777217000000000000000.0f},
                 {"18446744073709551616", false, true, 0, 18446744073709551616.0f},
                 {"true", false, false, 0, 0},
                 {"null", false, false, 0, 0},
                 {"\"1\"", false, false, 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        p2a_json json;
        char text[256];
        with_value(cases[i].text, &json, text);
        const p2a_json_token *t = &json.tokens[2];
        uint64_t uint;
        float number = 0;
        bool is_float = t->kind == P2A_JSON_PRIMITIVE &&
                        p2a_json_float(text + t->start, t->end - t->start, &number);
        if (is_float != cases[i].is_float || number != cases[i].number)
            printf("number %s reads %d %.9g\n", cases[i].text, is_float, (double)number);
        CHECK(is_float == cases[i].is_float && number == cases[i].number);
        CHECK(p2a_json_uint(&json, 2, 999, &uint) == cases[i].is_uint && uint == cases[i].uint);
        p2a_json_release(ctx, &json);
    }
}

static void test_bools_and_tree(void)
{
    static const char text[] = "{\"a\":[1,[2,3],{\"b\":4}],\"c\":true,\"d\":false,\"e\":\"true\"}";
    p2a_json json;
    CHECK_EQUAL(p2a_json_read(ctx, text, sizeof text - 1, "a text", &json), P2A_OK);
    /* 0 object, 1 a, 2 array, 3 1, 4 array, 5 2, 6 3, 7 object, 8 b, 9 4, 10 c, 11 true, 12 d, ..
     */
    CHECK_EQUAL(json.count, 16);
    CHECK_EQUAL(json.tokens[0].size, 4);
    CHECK_EQUAL(json.tokens[0].next, 16);
    CHECK_EQUAL(json.tokens[1].next, 10);
    CHECK_EQUAL(json.tokens[2].size, 3);
    CHECK_EQUAL(json.tokens[2].next, 10);
    CHECK_EQUAL(json.tokens[4].next, 7);
    CHECK_EQUAL(json.tokens[7].next, 10);
    CHECK_EQUAL(json.tokens[10].next, 12);
    bool value;
    CHECK(p2a_json_bool(&json, 11, &value) && value);
    CHECK(p2a_json_bool(&json, 13, &value) && !value);
    CHECK(!p2a_json_bool(&json, 15, &value));
    CHECK(!p2a_json_bool(&json, 3, &value));
    p2a_json_release(ctx, &json);
}

int main(void)
{
    CHECK_EQUAL(p2a_context_create(NULL, NULL, &ctx), P2A_OK);
    test_grammar();
    test_size();
    test_strings();
    test_numbers();
    test_bools_and_tree();
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
    p2a_context_destroy(ctx);
    return CHECK_REPORT();
}
