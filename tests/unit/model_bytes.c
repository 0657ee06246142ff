/* model_bytes.c - a graph's text, metadata and weights' shapes to the bytes of a model file */
#include "model_bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char header[MODEL_BYTES_MAX];
static size_t header_bytes;

__attribute__((format(printf, 1, 2))) static void put(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int more = vsnprintf(header + header_bytes, sizeof header - header_bytes, format, arguments);
    va_end(arguments);
    if (more < 0 || (size_t)more >= sizeof header - header_bytes)
        abort();
    header_bytes += (size_t)more;
}

static void put_entry(const char *key, const char *value)
{
    put("%s\"%s\":\"", header[header_bytes - 1] == '{' ? "" : ",", key);
    for (; *value != '\0'; value++)
        put(*value == '\'' ? "\\\"" : *value == '"' || *value == '\\' ? "\\%c" : "%c", *value);
    put("\"");
}

void model_bytes_raw(model_bytes *out, const char *text, size_t text_bytes, size_t data_bytes)
{
    if (8 + text_bytes + data_bytes > sizeof out->bytes)
        abort();
    out->count = 8 + text_bytes + data_bytes;
    for (size_t i = 0; i < 8; i++)
        out->bytes[i] = (uint8_t)((uint64_t)text_bytes >> (8 * i));
    memcpy(out->bytes + 8, text, text_bytes);
    uint8_t *data = out->bytes + 8 + text_bytes;
    for (size_t i = 0; i < data_bytes; i++)
        data[i] = (uint8_t)(i % 2 == 0 ? i * 37 : 0x28 + i % 16); /* finite as F16 and as F32 */
}

void model_bytes_write(model_bytes *out, const char *graph, const model_weight *weights,
                       const model_entry *entries)
{
    static const model_entry defaults[] = {{"format_version", "1"}, {"name", "sample"},
                                           {"kind", "parser"},      {"range", "-1,1"},
                                           {"multiple_of", "4"},    {"receptive_field_px", "0"},
                                           {"license", "MIT"},      {"commercial_use", "yes"},
                                           {"teachers", "none"},    {"training_commit", ""},
                                           {"metrics", ""}};
    header_bytes = 0;
    put("{\"__metadata__\":{");
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++) {
        const char *value = defaults[i].value;
        for (const model_entry *e = entries; e != NULL && e->key != NULL; e++)
            if (strcmp(e->key, defaults[i].key) == 0)
                value = e->value;
        if (value != NULL)
            put_entry(defaults[i].key, value);
    }
    put_entry("graph", graph);
    put("}");
    size_t offset = 0;
    for (const model_weight *w = weights; w != NULL && w->name != NULL; w++) {
        size_t count = 1;
        put(",\"%s\":{\"dtype\":\"%s\",\"shape\":[", w->name, w->dtype);
        for (uint32_t i = 0; i < w->rank; i++) {
            put(i == 0 ? "%u" : ",%u", w->shape[i]);
            count *= w->shape[i];
        }
        size_t end = offset + count * (strcmp(w->dtype, "I8") == 0    ? 1
                                       : strcmp(w->dtype, "F16") == 0 ? 2
                                                                      : 4);
        put("],\"data_offsets\":[%zu,%zu]}", offset, end);
        offset = end;
    }
    put("}");
    model_bytes_raw(out, header, header_bytes, offset);
}

void model_bytes_sample(model_bytes *out)
{
    static const char graph[] =
        "{'input':{'name':'image','channels':3},'nodes':["
        "{'op':'space_to_depth','inputs':['image'],'output':'s','block':2},"
        "{'op':'conv2d','inputs':['s'],'output':'a','weight':'a.w','bias':'a.b','stride':[2,2],"
        "'dilation':[1,1],'pads':[1,1,1,1],'padding':'zero','groups':1,'activation':'relu'},"
        "{'op':'conv2d','inputs':['a'],'output':'b','weight':'b.w','pads':[1,1,1,1],"
        "'padding':'replicate','groups':4,'activation':'clamp','min':-1.5e0,'max':6},"
        "{'op':'add','inputs':['a','b'],'output':'c'},"
        "{'op':'resize','inputs':['c','s'],'output':'d','mode':'bilinear','align_corners':false},"
        "{'op':'conv2d','inputs':['d'],'output':'e','weight':'e.w','bias':'e.b'},"
        "{'op':'mul','inputs':['e'],'output':'f','weight':'f.w'},"
        "{'op':'concat','inputs':['f','s'],'output':'g'},"
        "{'op':'slice','inputs':['g'],'output':'h','begin':4,'size':12},"
        "{'op':'leaky_relu','inputs':['h'],'output':'i','alpha':0.2},"
        "{'op':'depth_to_space','inputs':['i'],'output':'painting','block':2}],"
        "'outputs':['painting']}";
    static const model_weight weights[] = {{"a.w", "F16", 4, {4, 3, 3, 12}},
                                           {"a.b", "F16", 1, {4}},
                                           {"b.w", "F32", 4, {4, 3, 3, 1}},
                                           {"e.w", "F16", 4, {12, 1, 1, 4}},
                                           {"e.b", "F16", 1, {12}},
                                           {"f.w", "F16", 1, {1}},
                                           {.name = NULL}};
    static const model_entry entries[] = {{"kind", "generator"},
                                          {"receptive_field_px", "18"},
                                          {"teachers", "\xc3\xa9\\cole"},
                                          {NULL, NULL}};
    model_bytes_write(out, graph, weights, entries);
}
