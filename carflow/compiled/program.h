/* What surely.py and surely_tables.py hand over: a plan as tables, and where what is found goes.
   Their layouts are written down there a second time, under the same names. */

#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdint.h>

enum { STORED, SCALED, DYE };                   /* kinds of columns */
enum { EVERY, BETWEEN, POLYGON, AND, OR, NOT }; /* kinds of tests */
enum { INSIDE = 1, CUT = 2, BY_EDGE = 4 };      /* classes of cells, see gating/raster.py */

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

#endif
