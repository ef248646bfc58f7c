/* Which events of a block surely are in which population, and which events are in doubt.

   What carflow/gating/rows.py does in steps over a whole block, this does in one pass over tiles
   that stay in the processor's first cache. It decides nothing near a bound: an event that comes
   closer to one than rounding could have moved it, or that lies where only the exact shape can
   tell, is handed back as doubtful and gated by rows.py. So no last bit of what is computed here,
   and no processor's way of adding up, can change a membership.

   No memory is taken: all comes from surely.py, which has checked every number that is used as a
   place here. Events are read from the file a few tiles at a time, because the next cache is small,
   too; what cannot be read is left to Python, which says what is wrong. */

#include "gate_tests.h"
#include "reading.h"

static const uint32_t WITHOUT_SIGN = 0x7FFFFFFF, NO_NUMBER = 0x7F800000;
static const double ROUNDING = 0x1p-23;   /* of a value of 32 bits, twice over */
static const double SMALLEST = 0x1p-149;  /* what a value of 32 bits loses near 0 */
static const double TOO_LARGE = 1e30;     /* sums of such numbers may leave 32 bits */
static const double WORTH_PICKING = 0.75; /* of the events of a set */

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

/* Turn numbers of 32 bits that were written in the other byte order. */
FOR_EACH_PROCESSOR
static void turn(float *values, int64_t count)
{
    for (int64_t k = 0; k < count; k++) {
        uint32_t bits = turned4(bits_of(values + k));
        memcpy(values + k, &bits, sizeof bits);
    }
}

/* Gate the events that begin at a byte of a file, as many at a time as the buffer holds, a multiple
   of eight; return how many of them could be read. */
int64_t surely_read(const Program *program, int32_t file, int64_t offset, int32_t is_turned,
                    int64_t n_events, float *buffer, int64_t together, uint8_t *memory,
                    Found *found)
{
    Tile tile;
    int64_t done = 0, record = program->n_stored * (int64_t)sizeof *buffer;
    lay_out(program, memory, &tile);
    found->n_doubtful = 0;
    while (done < n_events) {
        int64_t count = n_events - done < together ? n_events - done : together;
        if (!read_all(file, offset + done * record, count * record, (uint8_t *)buffer)) break;
        if (is_turned) turn(buffer, count * program->n_stored);
        gate_rows(&tile, buffer, done, count, found);
        done += count;
    }
    return done;
}
