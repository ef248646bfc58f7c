/* What is known of a tile of events, and the columns of values that its sets are given. */

#ifndef TILE_H
#define TILE_H

#include <stddef.h>
#include <string.h>
#ifdef __SSE2__
#include <xmmintrin.h>
#endif

#include "processors.h"
#include "program.h"

enum { TILE = 1024, TOGETHER = 8 }; /* events; TILE is a multiple of 8 */
enum { ROOM = TILE + 16 };          /* columns then lie on other lines of the cache */

/* Some events of a tile: which of it, and which of the set they were picked from. */
typedef struct {
    int32_t count, from;
    uint16_t event[TILE], where[TILE];
} Set;

/* What is known of one tile; the memory is the caller's, see surely_bytes. */
typedef struct {
    const Program *program;
    const float *rows;
    int count, n_sets;
    uint32_t *top;    /* (TOGETHER, n_stored) highest absolute values, as bits */
    double *slacks;   /* (n_columns,) */
    Set *sets;        /* (n_nodes + 1,) */
    float *values;    /* (n_nodes + 1, n_columns, TILE) */
    uint8_t *known;   /* (n_nodes + 1, n_columns) whether they have been made */
    int32_t *set_of;  /* (n_nodes,) the set whose events a mask speaks of */
    int32_t *members; /* (n_nodes,) */
    uint8_t *masks;   /* (n_nodes, TILE) */
    float times[TILE]; /* as stored */
    uint8_t doubt[TILE];
} Tile;

static uint32_t bits_of(const float *value)
{
    uint32_t bits;
    memcpy(&bits, value, sizeof bits);
    return bits;
}

/* Take four stored columns that are neighbours; fewer where the records are shorter. */
static void take_neighbours(const float *rows, int n_stored, int columns, const Set *set,
                            float *const out[4])
{
    int k = 0;
#ifdef __SSE2__
    for (; columns == 4 && k + 4 <= set->count; k += 4) {
        __m128 a = _mm_loadu_ps(rows + (ptrdiff_t)set->event[k] * n_stored);
        __m128 b = _mm_loadu_ps(rows + (ptrdiff_t)set->event[k + 1] * n_stored);
        __m128 c = _mm_loadu_ps(rows + (ptrdiff_t)set->event[k + 2] * n_stored);
        __m128 d = _mm_loadu_ps(rows + (ptrdiff_t)set->event[k + 3] * n_stored);
        _MM_TRANSPOSE4_PS(a, b, c, d);
        _mm_storeu_ps(out[0] + k, a);
        _mm_storeu_ps(out[1] + k, b);
        _mm_storeu_ps(out[2] + k, c);
        _mm_storeu_ps(out[3] + k, d);
    }
#endif
    for (; k < set->count; k++)
        for (int j = 0; j < columns; j++)
            out[j][k] = rows[(ptrdiff_t)set->event[k] * n_stored + j];
}

FOR_EACH_PROCESSOR
static void multiply(float *values, int count, double factor)
{
    for (int k = 0; k < count; k++) values[k] = (float)(values[k] * factor);
}

/* The sum of four weighted columns, added to a total or, as the first, in its place. */
FOR_EACH_PROCESSOR
static void add(float *total, const float *const in[4], const float weights[4], int count,
                int is_first)
{
    const float *a = in[0], *b = in[1], *c = in[2], *d = in[3];
    float v = weights[0], w = weights[1], x = weights[2], y = weights[3];
    if (is_first)
        for (int k = 0; k < count; k++) total[k] = a[k] * v + b[k] * w + c[k] * x + d[k] * y;
    else
        for (int k = 0; k < count; k++) total[k] += a[k] * v + b[k] * w + c[k] * x + d[k] * y;
}

static float *place_of(Tile *tile, int number, int column)
{
    return tile->values + ((ptrdiff_t)number * tile->program->n_columns + column) * ROOM;
}

/* Take a stored column, and with it those beside it that are wanted, too. */
static void take_stored(Tile *tile, int number, int column)
{
    const Program *program = tile->program;
    const Set *set = tile->sets + number;
    uint8_t *known = tile->known + (ptrdiff_t)number * program->n_columns;
    int place = program->columns[column].place, n_stored = program->n_stored;
    int first = place - place % 4, columns = 4;
    if (first + 4 > n_stored) first = n_stored < 4 ? 0 : n_stored - 4;
    if (n_stored < 4) columns = n_stored;
    float unwanted[TILE], *out[4];
    for (int j = 0; j < columns; j++) {
        int other = program->column_of[first + j];
        out[j] = other < 0 || known[other] ? unwanted : place_of(tile, number, other);
    }
    take_neighbours(tile->rows + first, n_stored, columns, set, out);
    for (int j = 0; j < columns; j++)
        if (out[j] != unwanted) {
            int other = program->column_of[first + j];
            if (program->columns[other].kind == SCALED)
                multiply(out[j], set->count, program->columns[other].factor);
            known[other] = 1;
        }
}

/* Add up the detectors of a dye, four at a time; what is missing of four weighs nothing. */
static void add_up(Tile *tile, int number, const float *weights, float *out)
{
    const Program *program = tile->program;
    int count = tile->sets[number].count;
    for (int d = 0; d < program->n_detectors; d += 4) {
        const float *in[4];
        float four[4];
        for (int j = 0; j < 4; j++) {
            int missing = d + j >= program->n_detectors;
            in[j] = place_of(tile, number, program->detectors[missing ? d : d + j]);
            four[j] = missing ? 0.0f : weights[d + j];
        }
        add(out, in, four, count, d == 0);
    }
}

static const float *values_of(Tile *tile, int number, int column)
{
    const Program *program = tile->program;
    uint8_t *known = tile->known + (ptrdiff_t)number * program->n_columns;
    float *out = place_of(tile, number, column);
    if (known[column]) return out;
    const Set *set = tile->sets + number;
    const Column *one = program->columns + column;
    if (set->from >= 0 && tile->known[(ptrdiff_t)set->from * program->n_columns + column]) {
        const float *values = place_of(tile, set->from, column);
        for (int k = 0; k < set->count; k++) out[k] = values[set->where[k]];
    } else if (one->kind == DYE) {
        for (int d = 0; d < program->n_detectors; d++)
            if (!known[program->detectors[d]]) take_stored(tile, number, program->detectors[d]);
        add_up(tile, number, program->weights + (ptrdiff_t)one->place * program->n_detectors, out);
    } else
        take_stored(tile, number, column);
    known[column] = 1;
    return out;
}

#endif
