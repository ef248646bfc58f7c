/* Which events of a block surely are in which population, and which events are in doubt.

   What carflow/gating/rows.py does in steps over a whole block, this does in one pass over tiles
   that stay in the processor's first cache. It decides nothing near a bound: an event that comes
   closer to one than rounding could have moved it, or that lies where only the exact shape can
   tell, is handed back as doubtful and gated by rows.py. So no last bit of what is computed here,
   and no processor's way of adding up, can change a membership.

   No memory is taken: all comes from surely.py, which has checked every number that is used as a
   place here. Events are read from the file a few tiles at a time, because the next cache is small,
   too; what cannot be read is left to Python, which says what is wrong. */

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <xmmintrin.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#define HAS_PREAD
#endif

#include "processors.h"

enum { TILE = 1024, TOGETHER = 8 };             /* events; TILE is a multiple of 8 */
enum { ROOM = TILE + 16 };                      /* columns then lie on other lines of the cache */
enum { STORED, SCALED, DYE };                   /* kinds of columns */
enum { EVERY, BETWEEN, POLYGON, AND, OR, NOT }; /* kinds of tests */
enum { INSIDE = 1, CUT = 2, BY_EDGE = 4 };      /* classes of cells, see gating/raster.py */

static const uint32_t WITHOUT_SIGN = 0x7FFFFFFF, NO_NUMBER = 0x7F800000;
static const double ROUNDING = 0x1p-23;         /* of a value of 32 bits, twice over */
static const double SMALLEST = 0x1p-149;        /* what a value of 32 bits loses near 0 */
static const double EDGE_ROUNDING = 1e-11;      /* relative; see gating/raster.py */
static const double TOO_LARGE = 1e30;           /* sums of such numbers may leave 32 bits */
static const double WORTH_PICKING = 0.75;       /* of the events of a set */

/* A column of values: as stored, stored times a factor, or a dye made of detectors. */
typedef struct {
    int32_t kind, place;
    double factor;
} Column;

/* low <= value < high; a value closer to a bound than its guard and its slack is in doubt. */
typedef struct {
    int32_t column, unused;
    double low, low_guard, high, high_guard;
} Bounds;

typedef struct {
    int32_t count, unused;
    float step, offset; /* of cells of one width */
    double slack;       /* how far values may be off for the cells to be right */
    const uint16_t *table; /* the cell by the upper half of a value, or NULL */
} Axis;

typedef struct {
    int32_t x, y;         /* columns */
    int32_t is_exact, unused; /* whether the values are the coordinates of the polygon */
    Axis axes[2];
    const uint8_t *classes;
    const uint32_t *coarse; /* OUTSIDE, INSIDE or CUT of four by four cells in each number */
    int64_t coarse_width;
    const double *edges;  /* x0, y0, run and rise of each */
} Polygon;

/* `first` and `count` say which bounds, which polygon or which operands the test has;
   `packed` where its members are wanted as bits, or -1. */
typedef struct {
    int32_t parent, test, outside, first, count, followed, packed, unused;
} Node;

typedef struct {
    int32_t node, outside;
} Operand;

typedef struct {
    int32_t n_stored, n_columns, n_detectors, n_nodes, n_judged, time, time_node, unused;
    const Column *columns;
    const int32_t *detectors; /* (n_detectors,) columns as stored */
    const float *weights;     /* of each dye for each detector */
    const double *sizes;      /* their sizes */
    const Bounds *bounds;
    const Polygon *polygons;
    const Operand *operands;
    const Node *nodes;
    const int32_t *judged;    /* places of columns in which every value must be a number */
    const int32_t *column_of; /* (n_stored,) the column that is made of each place, or -1 */
} Program;

/* What is found; counts and spans go on from block to block. */
typedef struct {
    int64_t *counts;    /* (n_nodes,) */
    uint8_t *bits;      /* (wanted, stride), first event in the highest bit */
    int64_t stride;
    uint32_t *doubtful; /* (n_events,) numbers of the doubtful events */
    float *left;        /* (n_events, n_stored) their records */
    float *spans;       /* lowest and highest time: of all events, of the time node's */
    int64_t n_doubtful;
} Found;

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

/* The highest absolute value of each stored column; compared as integers, so that what is no
   number comes out highest. */
FOR_EACH_PROCESSOR
static void highest(const float *rows, int count, int n_stored, uint32_t *top)
{
    int width = TOGETHER * n_stored, whole = count - count % TOGETHER;
    memset(top, 0, (size_t)width * sizeof *top);
    for (int i = 0; i < whole; i += TOGETHER, rows += width)
        for (int j = 0; j < width; j++) {
            uint32_t value = bits_of(rows + j) & WITHOUT_SIGN;
            top[j] = value > top[j] ? value : top[j];
        }
    for (int j = 0; j < (count - whole) * n_stored; j++) {
        uint32_t value = bits_of(rows + j) & WITHOUT_SIGN;
        top[j] = value > top[j] ? value : top[j];
    }
    for (int j = n_stored; j < width; j++)
        top[j % n_stored] = top[j] > top[j % n_stored] ? top[j] : top[j % n_stored];
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

/* The least number of 32 bits that is not below a bound. */
static float not_below(double bound)
{
    if (bound > FLT_MAX) return INFINITY;
    if (bound < -FLT_MAX) return isinf(bound) ? -INFINITY : -FLT_MAX;
    float least = (float)bound;
    return (double)least < bound ? nextafterf(least, INFINITY) : least;
}

FOR_EACH_PROCESSOR
static void compare(const float *values, int count, float surely, float perhaps, uint8_t high,
                    uint8_t *inside, uint8_t *unsure)
{
    for (int k = 0; k < count; k++) {
        uint8_t reached = values[k] >= surely;
        inside[k] &= reached ^ high;
        unsure[k] |= reached ^ (values[k] >= perhaps);
    }
}

static void between(Tile *tile, int number, const Bounds *bounds, uint8_t *inside, uint8_t *unsure)
{
    const float *values = values_of(tile, number, bounds->column);
    int count = tile->sets[number].count;
    double slack = tile->slacks[bounds->column];
    if (bounds->low > -INFINITY) {
        double guard = isinf(bounds->low) ? 0.0 : bounds->low_guard + slack;
        compare(values, count, not_below(bounds->low + guard), not_below(bounds->low - guard), 0,
                inside, unsure);
    }
    if (bounds->high < INFINITY) {
        double guard = isinf(bounds->high) ? 0.0 : bounds->high_guard + slack;
        compare(values, count, not_below(bounds->high + guard), not_below(bounds->high - guard), 1,
                inside, unsure);
    }
}

FOR_EACH_PROCESSOR
static void straight_cells(const float *values, int count, const Axis *axis, int32_t *cells)
{
    float step = axis->step, offset = axis->offset, last = (float)axis->count - 0.5f;
    for (int k = 0; k < count; k++) {
        float cell = values[k] * step + offset;
        cell = cell > 0.0f ? cell : 0.0f;
        cells[k] = (int32_t)(cell < last ? cell : last);
    }
}

static void cells_of(const float *values, int count, const Axis *axis, int32_t *cells)
{
    if (axis->table == NULL)
        straight_cells(values, count, axis, cells);
    else
        for (int k = 0; k < count; k++) cells[k] = axis->table[bits_of(values + k) >> 16];
}

/* Whether a dye may be farther off than the cells allow; they allow one rounding of a value. */
static int is_off(const Tile *tile, int column, const Axis *axis)
{
    return tile->program->columns[column].kind == DYE && tile->slacks[column] > axis->slack;
}

/* Whether events are inside, and whether their cells are cut. Four by four cells to a number keep
   those that are asked for together in the first cache. */
FOR_EACH_PROCESSOR
static void look_up(const int32_t *restrict across, const int32_t *restrict up, int count,
                    const uint32_t *restrict coarse, int32_t width, uint8_t *restrict inside,
                    uint8_t *restrict is_cut)
{
    for (int k = 0; k < count; k++) {
        uint32_t cells = coarse[(across[k] >> 2) * width + (up[k] >> 2)];
        uint32_t class = cells >> ((across[k] & 3) << 3 | (up[k] & 3) << 1) & 3;
        inside[k] = class == INSIDE;
        is_cut[k] = class == CUT;
    }
}

/* The numbers of the bytes that are not 0; there is room for one more. */
static int numbers_of(uint8_t *bytes, int count, uint16_t *numbers)
{
    int found = 0;
    memset(bytes + count, 0, 8); /* most of eight are all 0 */
    for (int k = 0; k < count; k += 8) {
        uint64_t eight;
        memcpy(&eight, bytes + k, sizeof eight);
        for (int j = k; eight != 0 && j < k + 8; j++) {
            numbers[found] = (uint16_t)j;
            found += bytes[j];
        }
    }
    return found;
}

static void in_polygon(Tile *tile, int number, const Polygon *polygon, uint8_t *inside,
                       uint8_t *unsure)
{
    int32_t across[TILE], up[TILE];
    uint8_t is_cut[TILE + 8];
    uint16_t cut[TILE + 1];
    int count = tile->sets[number].count, n_up = polygon->axes[1].count;
    const float *x = values_of(tile, number, polygon->x), *y = values_of(tile, number, polygon->y);
    if (is_off(tile, polygon->x, polygon->axes) || is_off(tile, polygon->y, polygon->axes + 1)) {
        memset(unsure, 1, (size_t)count);
        return;
    }
    cells_of(x, count, polygon->axes, across);
    cells_of(y, count, polygon->axes + 1, up);
    look_up(across, up, count, polygon->coarse, (int32_t)polygon->coarse_width, inside, is_cut);
    int n_cut = numbers_of(is_cut, count, cut);
    for (int i = 0; i < n_cut; i++) {
        int k = cut[i], code = polygon->classes[across[k] * n_up + up[k]] - BY_EDGE;
        if (code < 0 || !polygon->is_exact) {
            unsure[k] = 1;
            continue;
        }
        const double *edge = polygon->edges + 4 * (code >> 1);
        double rise = edge[2] * (y[k] - edge[1]), run = (x[k] - edge[0]) * edge[3];
        unsure[k] = fabs(rise - run) <= EDGE_ROUNDING * (fabs(rise) + fabs(run));
        inside[k] = (rise - run > 0.0) == (code & 1);
    }
}

/* The answer of each operand for the events of a set, joined. */
static void joined(Tile *tile, int number, const Node *node, uint8_t *inside)
{
    const Set *set = tile->sets + number;
    for (int i = 0; i < node->count; i++) {
        const Operand *operand = tile->program->operands + node->first + i;
        const Set *other = tile->sets + tile->set_of[operand->node];
        const uint8_t *mask = tile->masks + (ptrdiff_t)operand->node * TILE;
        uint8_t members[TILE] = {0}, outside = (uint8_t)operand->outside;
        for (int k = 0; k < other->count; k++) members[other->event[k]] = mask[k];
        for (int k = 0; k < set->count; k++) {
            uint8_t here = members[set->event[k]] ^ outside;
            if (i == 0) inside[k] = here;
            else if (node->test == AND) inside[k] &= here;
            else inside[k] |= here;
        }
    }
    if (node->test == NOT)
        for (int k = 0; k < set->count; k++) inside[k] ^= 1;
}

/* Keep what is in the parent; return how many are, and whether there is doubt about any. */
FOR_EACH_PROCESSOR
static int settle(const uint8_t *parent, int count, uint8_t outside, uint8_t *inside,
                  uint8_t *unsure, uint8_t *doubt)
{
    int members = 0;
    uint8_t any = 0;
    for (int k = 0; k < count; k++) {
        inside[k] = (inside[k] ^ outside) & parent[k];
        unsure[k] &= parent[k];
        any |= unsure[k];
    }
    for (int k = 0; k < count; k++) members += inside[k];
    *doubt = any;
    return members;
}

/* Make a set of the members of another. */
static int picked(Tile *tile, int number, const uint8_t *mask, int members)
{
    const Set *from = tile->sets + number;
    Set *to = tile->sets + tile->n_sets;
    int found = 0;
    for (int k = 0; found < members; k++) {
        to->where[found] = (uint16_t)k;
        found += mask[k];
    }
    for (int k = 0; k < members; k++) to->event[k] = from->event[to->where[k]];
    to->count = members;
    to->from = number;
    ptrdiff_t place = (ptrdiff_t)tile->n_sets * tile->program->n_columns;
    memset(tile->known + place, 0, (size_t)tile->program->n_columns);
    return tile->n_sets++;
}

static void gate(Tile *tile, int which)
{
    const Program *program = tile->program;
    const Node *node = program->nodes + which;
    uint8_t every[TILE], unsure[TILE], doubt;
    int number = node->parent < 0 ? 0 : tile->set_of[node->parent];
    int count = tile->sets[number].count;
    uint8_t *mask = tile->masks + (ptrdiff_t)which * TILE;
    const uint8_t *parent = node->parent < 0 ? memset(every, 1, (size_t)count)
                                             : tile->masks + (ptrdiff_t)node->parent * TILE;
    memset(mask, 1, (size_t)count);
    memset(unsure, 0, (size_t)count);
    if (node->test == BETWEEN)
        for (int i = 0; i < node->count; i++)
            between(tile, number, program->bounds + node->first + i, mask, unsure);
    else if (node->test == POLYGON)
        in_polygon(tile, number, program->polygons + node->first, mask, unsure);
    else if (node->test != EVERY)
        joined(tile, number, node, mask);
    int members = settle(parent, count, (uint8_t)node->outside, mask, unsure, &doubt);
    if (doubt) {
        const uint16_t *event = tile->sets[number].event;
        for (int k = 0; k < count; k++) tile->doubt[event[k]] |= unsure[k];
    }
    if (node->followed && members < WORTH_PICKING * count) {
        number = picked(tile, number, mask, members);
        memset(mask, 1, (size_t)members);
    }
    tile->set_of[which] = number;
    tile->members[which] = members;
}

static double top_of(const Tile *tile, int place)
{
    float value;
    memcpy(&value, tile->top + place, sizeof value);
    return value;
}

/* How far the values of each column may be off; whether a value of the tile is no number. */
static int is_odd(Tile *tile)
{
    const Program *program = tile->program;
    highest(tile->rows, tile->count, program->n_stored, tile->top);
    for (int j = 0; j < program->n_judged; j++)
        if (tile->top[program->judged[j]] >= NO_NUMBER) return 1;
    for (int c = 0; c < program->n_columns; c++) {
        const Column *column = program->columns + c;
        double total = 0.0;
        if (column->kind == SCALED) total = top_of(tile, column->place) * fabs(column->factor);
        for (int d = 0; column->kind == DYE && d < program->n_detectors; d++) {
            int stored = program->columns[program->detectors[d]].place;
            total += top_of(tile, stored) *
                     program->sizes[(ptrdiff_t)column->place * program->n_detectors + d];
        }
        if (!(total < TOO_LARGE)) return 1;
        int roundings = column->kind == DYE ? program->n_detectors + 4 : 1;
        tile->slacks[c] = column->kind == STORED ? 0.0 : roundings * (total * ROUNDING + SMALLEST);
    }
    return 0;
}

static void begin(Tile *tile)
{
    Set *all = tile->sets;
    all->count = tile->count;
    all->from = -1;
    for (int k = 0; k < tile->count; k++) all->event[k] = (uint16_t)k;
    memset(tile->known, 0, (size_t)tile->program->n_columns);
    memset(tile->doubt, 0, sizeof tile->doubt);
    tile->n_sets = 1;
}

/* Widen a span by the times of some events that are in a mask; what is no number is left out. */
FOR_EACH_PROCESSOR
static void widen(float *span, const float *times, const uint8_t *mask, int count)
{
    float low[TILE], high[TILE];
    for (int k = 0; k < count; k++) {
        int counts = (mask[k] != 0) & (fabsf(times[k]) <= FLT_MAX);
        low[k] = counts ? times[k] : INFINITY;
        high[k] = counts ? times[k] : -INFINITY;
    }
    for (int half = (count + 1) / 2; count > 1; count = half, half = (count + 1) / 2)
        for (int k = 0; k < count - half; k++) {
            low[k] = low[k + half] < low[k] ? low[k + half] : low[k];
            high[k] = high[k + half] > high[k] ? high[k + half] : high[k];
        }
    if (count && low[0] < span[0]) span[0] = low[0];
    if (count && high[0] > span[1]) span[1] = high[0];
}

static void widen_span(const Tile *tile, const Set *set, const uint8_t *mask, float *span)
{
    float times[TILE];
    if (set->from < 0) {
        widen(span, tile->times, mask, set->count);
        return;
    }
    for (int k = 0; k < set->count; k++) times[k] = tile->times[set->event[k]];
    widen(span, times, mask, set->count);
}

/* Make a bit of each byte that is 0 or 1, the first of eight the highest. */
static void pack(const uint8_t *inside, int bytes, uint8_t *bits)
{
    for (int byte = 0; byte < bytes; byte++) {
        uint64_t eight = 0;
        for (int bit = 0; bit < 8; bit++) eight |= (uint64_t)inside[8 * byte + bit] << (8 * bit);
        /* each of the eight is moved to a place of its own in the highest byte */
        bits[byte] = (uint8_t)(eight * 0x8040201008040201u >> 56);
    }
}

/* Where the bits of a population begin that speak of a tile. */
static uint8_t *bits_at(const Found *found, int packed, int64_t first)
{
    return found->bits + packed * found->stride + first / 8;
}

/* Add the members of a population that are in no doubt. */
static void count_members(const Tile *tile, int which, int has_doubt, int64_t first, Found *found)
{
    const Node *node = tile->program->nodes + which;
    const Set *set = tile->sets + tile->set_of[which];
    uint8_t *mask = tile->masks + (ptrdiff_t)which * TILE;
    int members = tile->members[which];
    if (has_doubt) {
        members = 0;
        for (int k = 0; k < set->count; k++) {
            mask[k] &= !tile->doubt[set->event[k]];
            members += mask[k];
        }
    }
    found->counts[which] += members;
    if (tile->program->time >= 0 && which == tile->program->time_node)
        widen_span(tile, set, mask, found->spans + 2);
    if (node->packed < 0) return;
    int bytes = (tile->count + 7) / 8;
    uint8_t *bits = bits_at(found, node->packed, first), inside[TILE];
    if (set->from < 0) {
        memset(mask + set->count, 0, (size_t)(8 * bytes - set->count));
        pack(mask, bytes, bits);
    } else {
        memset(inside, 0, sizeof inside);
        for (int k = 0; k < set->count; k++) inside[set->event[k]] = mask[k];
        pack(inside, bytes, bits);
    }
}

/* An array of some bytes at the next place of its kind; NULL asks for sizes only. */
static void *cut_off(uint8_t *memory, size_t *used, size_t bytes)
{
    void *here = memory == NULL ? NULL : memory + *used;
    *used += (bytes + 63) / 64 * 64;
    return here;
}

static size_t lay_out(const Program *program, uint8_t *memory, Tile *tile)
{
    size_t sets = (size_t)program->n_nodes + 1, nodes = (size_t)program->n_nodes, used = 0;
    size_t columns = (size_t)program->n_columns, stored = (size_t)program->n_stored;
    tile->program = program;
    tile->top = cut_off(memory, &used, TOGETHER * stored * sizeof *tile->top);
    tile->slacks = cut_off(memory, &used, columns * sizeof *tile->slacks);
    tile->sets = cut_off(memory, &used, sets * sizeof *tile->sets);
    tile->values = cut_off(memory, &used, sets * columns * ROOM * sizeof *tile->values);
    tile->known = cut_off(memory, &used, sets * columns);
    tile->set_of = cut_off(memory, &used, nodes * sizeof *tile->set_of);
    tile->members = cut_off(memory, &used, nodes * sizeof *tile->members);
    tile->masks = cut_off(memory, &used, nodes * TILE);
    return used;
}

/* How many bytes of memory surely needs for its work. */
int64_t surely_bytes(const Program *program)
{
    Tile tile;
    return (int64_t)lay_out(program, NULL, &tile);
}

/* Note the doubtful events of a tile, the first of which has a number; return whether there are. */
static int leave(const Tile *tile, int64_t first, int odd, Found *found)
{
    int n_stored = tile->program->n_stored;
    int64_t before = found->n_doubtful;
    for (int k = 0; k < tile->count; k++)
        if (odd || tile->doubt[k]) {
            memcpy(found->left + found->n_doubtful * n_stored, tile->rows + (ptrdiff_t)k * n_stored,
                   (size_t)n_stored * sizeof *found->left);
            found->doubtful[found->n_doubtful++] = (uint32_t)(first + k);
        }
    return found->n_doubtful > before;
}

static void gate_tile(Tile *tile, int64_t first, Found *found)
{
    const Program *program = tile->program;
    begin(tile);
    if (program->time >= 0) {
        uint8_t every[TILE];
        memset(every, 1, sizeof every);
        for (int k = 0; k < tile->count; k++)
            tile->times[k] = tile->rows[(ptrdiff_t)k * program->n_stored + program->time];
        widen_span(tile, tile->sets, every, found->spans);
    }
    int odd = is_odd(tile);
    for (int i = 0; i < program->n_nodes && !odd; i++) gate(tile, i);
    int has_doubt = leave(tile, first, odd, found);
    for (int i = 0; i < program->n_nodes; i++)
        if (!odd) count_members(tile, i, has_doubt, first, found);
        else if (program->nodes[i].packed >= 0)
            memset(bits_at(found, program->nodes[i].packed, first), 0,
                   (size_t)(tile->count + 7) / 8);
}

static void gate_rows(Tile *tile, const float *rows, int64_t first, int64_t count, Found *found)
{
    for (int64_t start = 0; start < count; start += TILE) {
        tile->count = count - start < TILE ? (int)(count - start) : TILE;
        tile->rows = rows + start * tile->program->n_stored;
        gate_tile(tile, first + start, found);
    }
}

/* Gate the events of a block, (n_events, n_stored). */
void surely(const Program *program, const float *rows, int64_t n_events, uint8_t *memory,
            Found *found)
{
    Tile tile;
    lay_out(program, memory, &tile);
    found->n_doubtful = 0;
    gate_rows(&tile, rows, 0, n_events, found);
}

static int is_read(int file, int64_t offset, int64_t bytes, uint8_t *into)
{
#ifdef HAS_PREAD
    while (bytes > 0) {
        ssize_t got = pread(file, into, (size_t)bytes, (off_t)offset);
        if (got <= 0) return 0;
        offset += got;
        bytes -= got;
        into += got;
    }
    return 1;
#else
    (void)file, (void)offset, (void)into;
    return bytes == 0;
#endif
}

/* Gate the events that begin at a byte of a file, as many at a time as the buffer holds, a multiple
   of eight; return how many of them could be read. */
int64_t surely_read(const Program *program, int32_t file, int64_t offset, int64_t n_events,
                    float *buffer, int64_t together, uint8_t *memory, Found *found)
{
    Tile tile;
    int64_t done = 0, record = program->n_stored * (int64_t)sizeof *buffer;
    lay_out(program, memory, &tile);
    found->n_doubtful = 0;
    while (done < n_events) {
        int64_t count = n_events - done < together ? n_events - done : together;
        if (!is_read(file, offset + done * record, count * record, (uint8_t *)buffer)) break;
        gate_rows(&tile, buffer, done, count, found);
        done += count;
    }
    return done;
}
