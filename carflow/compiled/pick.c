/* Stored numbers of some columns, picked out of records: what carflow/fcs/records.py does with
   numpy. They are cut to the bits that belong to a value and widened, not scaled.

   What costs time is that the numbers of a column lie far apart. Those of columns of one width in
   the same 16 bytes of a record are taken together and laid side by side in registers.

   No memory is taken; records.py has checked the columns. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "processors.h"
#include "reading.h"

enum { TILE = 512, WINDOW = 16 }; /* events, bytes */

/* A column of a window: its place there, the row it goes to, the bits that belong to a value, and
   whether it is a floating-point number, and turned: with its bytes in the other order than this
   machine's. */
typedef struct {
    int32_t place, row;
    uint64_t mask;
    int32_t is_float, is_turned;
} Member;

/* Columns of one width [bytes] in 16 bytes of a record, or one column alone. */
typedef struct {
    int64_t offset;
    int32_t width, is_alone, first, count;
} Window;

/* The numbers of a window's columns, side by side, and ROOM so that not all of them share the same
   lines of the cache. */
enum { ROOM = 32 };
typedef union {
    uint8_t u1[WINDOW][TILE + ROOM];
    uint16_t u2[WINDOW / 2][TILE + ROOM];
    uint32_t u4[WINDOW / 4][TILE + ROOM];
    uint64_t u8[WINDOW / 8][TILE + ROOM];
} Side;

#ifdef __SSE2__
static __m128i loaded(const uint8_t *at) { return _mm_loadu_si128((const __m128i *)at); }

static void keep(void *to, __m128i numbers) { _mm_storeu_si128((__m128i *)to, numbers); }

/* Lay the columns of eight records side by side; return how many records are done. */
static int take_pairs(const uint8_t *at, ptrdiff_t record, int count, Side *out)
{
    int k = 0;
    for (; k + 8 <= count; k += 8, at += 8 * record) {
        __m128i two[8];
        for (int j = 0; j < 4; j++) {
            __m128i a = loaded(at + 2 * j * record), b = loaded(at + (2 * j + 1) * record);
            two[j] = _mm_unpacklo_epi16(a, b);
            two[j + 4] = _mm_unpackhi_epi16(a, b);
        }
        for (int j = 0; j < 8; j += 4) {
            __m128i a = _mm_unpacklo_epi32(two[j], two[j + 1]);
            __m128i b = _mm_unpacklo_epi32(two[j + 2], two[j + 3]);
            __m128i c = _mm_unpackhi_epi32(two[j], two[j + 1]);
            __m128i d = _mm_unpackhi_epi32(two[j + 2], two[j + 3]);
            keep(out->u2[j] + k, _mm_unpacklo_epi64(a, b));
            keep(out->u2[j + 1] + k, _mm_unpackhi_epi64(a, b));
            keep(out->u2[j + 2] + k, _mm_unpacklo_epi64(c, d));
            keep(out->u2[j + 3] + k, _mm_unpackhi_epi64(c, d));
        }
    }
    return k;
}

static int take_fours(const uint8_t *at, ptrdiff_t record, int count, Side *out)
{
    int k = 0;
    for (; k + 4 <= count; k += 4, at += 4 * record) {
        __m128i a = loaded(at), b = loaded(at + record);
        __m128i c = loaded(at + 2 * record), d = loaded(at + 3 * record);
        __m128i e = _mm_unpacklo_epi32(a, b), f = _mm_unpackhi_epi32(a, b);
        __m128i g = _mm_unpacklo_epi32(c, d), h = _mm_unpackhi_epi32(c, d);
        keep(out->u4[0] + k, _mm_unpacklo_epi64(e, g));
        keep(out->u4[1] + k, _mm_unpackhi_epi64(e, g));
        keep(out->u4[2] + k, _mm_unpacklo_epi64(f, h));
        keep(out->u4[3] + k, _mm_unpackhi_epi64(f, h));
    }
    return k;
}
#endif

static void take_one(const uint8_t *at, ptrdiff_t record, int begin, int count, int width, int place,
                     Side *out)
{
    at += begin * record + (ptrdiff_t)place * width;
    for (int k = begin; k < count; k++, at += record) {
        if (width == 1) out->u1[place][k] = *at;
        else if (width == 2) memcpy(out->u2[place] + k, at, 2);
        else if (width == 4) memcpy(out->u4[place] + k, at, 4);
        else memcpy(out->u8[place] + k, at, 8);
    }
}

static void take(const Window *window, const Member *members, const uint8_t *records,
                 ptrdiff_t record, int count, Side *out)
{
    const uint8_t *at = records + window->offset;
    int done = 0;
#ifdef __SSE2__
    if (!window->is_alone && window->width == 2) done = take_pairs(at, record, count, out);
    if (!window->is_alone && window->width == 4) done = take_fours(at, record, count, out);
#endif
    for (int i = 0; i < window->count; i++)
        take_one(at, record, done, count, window->width, members[window->first + i].place, out);
}

static uint8_t turned1(uint8_t bits) { return bits; }
static uint16_t turned2(uint16_t bits) { return (uint16_t)(bits << 8 | bits >> 8); }
static uint64_t turned8(uint64_t bits)
{
    return (uint64_t)turned4((uint32_t)bits) << 32 | turned4((uint32_t)(bits >> 32));
}

/* Integers of one width as values; the small ones by way of a signed integer, which is faster. */
#define INTEGERS(NAME, BITS, TURNED, SIGNED, VALUE)                                      \
    FOR_EACH_PROCESSOR                                                                         \
    static void NAME(const BITS *in, const Member *one, int count, VALUE *out)                 \
    {                                                                                          \
        BITS mask = (BITS)one->mask;                                                           \
        if (one->is_turned)                                                                    \
            for (int k = 0; k < count; k++) out[k] = (VALUE)(SIGNED)(TURNED(in[k]) & mask);    \
        else                                                                                   \
            for (int k = 0; k < count; k++) out[k] = (VALUE)(SIGNED)(in[k] & mask);            \
    }

/* Floating-point numbers of one width as values. */
#define FLOATS(NAME, BITS, TURNED, STORED, VALUE)                                              \
    FOR_EACH_PROCESSOR                                                                         \
    static void NAME(const BITS *in, const Member *one, int count, VALUE *out)                 \
    {                                                                                          \
        for (int k = 0; k < count; k++) {                                                      \
            BITS bits = one->is_turned ? TURNED(in[k]) : in[k];                                \
            STORED value;                                                                      \
            memcpy(&value, &bits, sizeof value);                                               \
            out[k] = (VALUE)value;                                                             \
        }                                                                                      \
    }

INTEGERS(u1_as_f8, uint8_t, turned1, int32_t, double)
INTEGERS(u2_as_f8, uint16_t, turned2, int32_t, double)
INTEGERS(u4_as_f8, uint32_t, turned4, uint32_t, double)
INTEGERS(u8_as_f8, uint64_t, turned8, uint64_t, double)
INTEGERS(u1_as_f4, uint8_t, turned1, int32_t, float)
INTEGERS(u2_as_f4, uint16_t, turned2, int32_t, float)
INTEGERS(u4_as_f4, uint32_t, turned4, uint32_t, float)
INTEGERS(u8_as_f4, uint64_t, turned8, uint64_t, float)
FLOATS(f4_as_f8, uint32_t, turned4, float, double)
FLOATS(f8_as_f8, uint64_t, turned8, double, double)
FLOATS(f4_as_f4, uint32_t, turned4, float, float)
FLOATS(f8_as_f4, uint64_t, turned8, double, float)

/* Numbers of any width and kind as values of one kind. */
#define NUMBERS(AS, VALUE)                                                                     \
    static void AS(const Side *side, const Member *one, int width, int count, VALUE *out)      \
    {                                                                                          \
        if (width == 1) u1_##AS(side->u1[one->place], one, count, out);                        \
        else if (width == 2) u2_##AS(side->u2[one->place], one, count, out);                   \
        else if (width == 4 && one->is_float) f4_##AS(side->u4[one->place], one, count, out);  \
        else if (width == 4) u4_##AS(side->u4[one->place], one, count, out);                   \
        else if (one->is_float) f8_##AS(side->u8[one->place], one, count, out);                \
        else u8_##AS(side->u8[one->place], one, count, out);                                   \
    }

NUMBERS(as_f8, double)
NUMBERS(as_f4, float)

/* Pick the columns of all windows out of n_events records, into rows that lie `stride` values
   apart, of 4 or 8 bytes each. */
void pick(const uint8_t *records, int64_t record, int64_t n_events, const Window *windows,
          int64_t n_windows, const Member *members, void *out, int64_t stride, int64_t value_bytes)
{
    Side side;
    for (int64_t start = 0; start < n_events; start += TILE) {
        int count = n_events - start < TILE ? (int)(n_events - start) : TILE;
        for (int64_t w = 0; w < n_windows; w++) {
            const Window *window = windows + w;
            take(window, members, records + start * record, record, count, &side);
            for (int i = 0; i < window->count; i++) {
                const Member *one = members + window->first + i;
                int64_t to = one->row * stride + start;
                if (value_bytes == 8) as_f8(&side, one, window->width, count, (double *)out + to);
                else as_f4(&side, one, window->width, count, (float *)out + to);
            }
        }
    }
}

/* Pick them out of the records that begin at a byte of a file, as many at a time as the buffer
   holds; return how many of them could be read. */
int64_t pick_read(int32_t file, int64_t offset, uint8_t *buffer, int64_t together, int64_t record,
                  int64_t n_events, const Window *windows, int64_t n_windows, const Member *members,
                  void *out, int64_t stride, int64_t value_bytes)
{
    int64_t done = 0;
    while (done < n_events) {
        int64_t count = n_events - done < together ? n_events - done : together;
        if (!read_all(file, offset + done * record, count * record, buffer)) break;
        pick(buffer, record, count, windows, n_windows, members,
             (uint8_t *)out + done * value_bytes, stride, value_bytes);
        done += count;
    }
    return done;
}
