/* The tests of populations: each says which events of a set surely are inside, and which are in
   doubt. */

#ifndef GATE_TESTS_H
#define GATE_TESTS_H

#include <float.h>
#include <math.h>

#include "tile.h"

static const double EDGE_ROUNDING = 1e-11; /* relative; see gating/raster.py */

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

#endif
