using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.Attention;

/// <summary>
/// Vectors of a grid (keys, values, or their gradients) in the order in which windows see them. Plane (r, j) is
/// <c>[register, element, lane]</c>: in the lane of query column c it has the vector of row r at place j of c's
/// window. Planes of as many rows as the windows of some rows of queries reach over are there at a time, in a ring;
/// each is made once and read by all rows of queries that see it. Those of tokens before the grid are the same in all
/// lanes.
/// </summary>
internal unsafe struct WindowPlanes<V>
    where V : struct, ISimd<V>
{
    private readonly WindowSizes _sizes;
    private readonly HeadRows<V> _rows;
    private readonly float* _planes, _line;
    private WindowGroup _group;
    private int _first, _end;   // rows that the ring holds
    private float* _shared;
    private int _sharedFirst, _sharedEnd;

    /// <param name="sizes">Sizes.</param>
    /// <param name="rows">Vectors of all tokens.</param>
    /// <param name="planes">Room for the planes.</param>
    /// <param name="line">Room for a transposed row of the grid.</param>
    /// <param name="pointers">Room for a pointer to each plane.</param>
    internal WindowPlanes(in WindowSizes sizes, in HeadRows<V> rows, float* planes, float* line, float** pointers)
    {
        (_sizes, _rows) = (sizes, rows);
        _planes = planes;
        _line = line + sizes.Room;
        Pointers = pointers;
    }

    /// <summary>Planes of the windows of the current rows: row by row, then those before the grid.</summary>
    internal float** Pointers { get; }

    /// <summary>Begins with some rows of queries.</summary>
    /// <param name="part">The rows.</param>
    /// <param name="shared">Receives what others have gradients for, too: <c>[token, width]</c> before the grid, then
    /// <c>[row, column, width]</c>. Null where nothing is written.</param>
    internal void Start(in WindowPart part, float* shared = null)
    {
        _group = part.Group;
        _first = _end = _sharedFirst = part.FirstKey;
        _sharedEnd = part.FirstKey + part.Shared;
        _shared = shared;
    }

    /// <summary>Gets the planes that some rows of queries see.</summary>
    /// <param name="row">The first of them.</param>
    /// <param name="last">The last.</param>
    internal void Read(int row, int last)
    {
        int end = Point(row, last);
        for (; _end < end; _end++)
        {
            LaneTranspose<V>.In(_rows.Row(_sizes.Prefix + _group.Position(_end)), _group.Step * _rows.Stride,
                _group.Columns, _sizes.Padded, _sizes.Width, _line, _sizes.LineStride);
            for (int place = 0; place < _group.ColumnKeys; place++) Spread(place, Slot(_end, place));
        }
    }

    /// <summary>Makes planes of zeros for what some rows of queries see and the ring does not hold yet; those that no
    /// later row sees are added up and written.</summary>
    internal void MakeRoom(int row, int last, bool accumulate)
    {
        int first = _group.FirstRow(row), end = Point(row, last);
        for (; _first < first; _first++) Write(_first, accumulate);
        for (; _end < end; _end++)
            new Span<float>(Slot(_end, 0), checked((int)(_group.ColumnKeys * _sizes.Plane))).Clear();
    }

    /// <summary>Writes what the ring still holds.</summary>
    internal void End(bool accumulate)
    {
        for (; _first < _end; _first++) Write(_first, accumulate);
    }

    internal void ReadPrefix()
    {
        for (int token = 0; token < _sizes.Prefix; token++)
            for (int e = 0; e < _sizes.Width; e++)
                for (int column = 0; column < _sizes.Padded; column += V.Count)
                    V.Store(OfPrefix(token) + _sizes.At(column, e), V.Broadcast(_rows.Row(token)[e]));
    }

    internal void ClearPrefix() =>
        new Span<float>(OfPrefix(0), checked((int)(_sizes.Prefix * _sizes.Plane))).Clear();

    internal void WritePrefix()
    {
        for (int token = 0; token < _sizes.Prefix; token++)
            for (int e = 0; e < _sizes.Width; e++)
            {
                V sum = V.Zero;
                for (int column = 0; column < _sizes.Padded; column += V.Count)
                    sum += V.Load(OfPrefix(token) + _sizes.At(column, e));
                _shared[token * _sizes.Width + e] = V.Sum(sum);
            }
    }

    private float* Slot(int row, int place) =>
        _planes + (row % _sizes.RingRows * _group.ColumnKeys + place) * _sizes.Plane;

    private float* OfPrefix(int token) => _planes + (_sizes.RingRows * _sizes.ColumnKeys + token) * _sizes.Plane;

    /// <summary>Points to the planes of some rows of queries.</summary>
    /// <returns>The row behind those that they see.</returns>
    private int Point(int row, int last)
    {
        int count = 0, end = _group.FirstRow(last) + _group.RowKeys;
        for (int r = _group.FirstRow(row); r < end; r++)
            for (int place = 0; place < _group.ColumnKeys; place++) Pointers[count++] = Slot(r, place);
        for (int token = 0; token < _sizes.Prefix; token++) Pointers[count++] = OfPrefix(token);
        return end;
    }

    /// <summary>A plane of the transposed row: lane c gets what lies at <paramref name="place"/> of c's window, which
    /// begins Kernel / 2 before c and moves inwards at both ends.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Spread(int place, float* plane)
    {
        int half = _group.Kernel / 2, last = _group.Columns - _group.ColumnKeys;
        for (int column = 0; column < _sizes.Padded; column += V.Count)
        {
            bool isLeft = column < half, isRight = column + V.Count > last + half;
            float* line = _line, to = plane + _sizes.At(column, 0);
            for (int e = 0; e < _sizes.Width; e++, line += _sizes.LineStride, to += V.Count)
            {
                V value = V.Load(line + column - half + place);
                if (isLeft) value = From(column, half, value, V.Broadcast(line[place]));
                if (isRight) value = From(column, last + half, V.Broadcast(line[last + place]), value);
                V.Store(to, value);
            }
        }
    }

    /// <summary>The reverse of <see cref="Spread"/>: what lanes gathered for a row's vectors is added up.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Write(int row, bool accumulate)
    {
        int half = _group.Kernel / 2, last = _group.Columns - _group.ColumnKeys;
        for (int e = 0; e < _sizes.Width; e++)
        {
            float* line = _line + e * _sizes.LineStride;
            new Span<float>(line - _sizes.Room, (int)_sizes.LineStride).Clear();
            for (int place = 0; place < _group.ColumnKeys; place++)
            {
                float* from = Slot(row, place);
                for (int column = 0; column < _sizes.Padded; column += V.Count)
                {
                    V value = V.Load(from + _sizes.At(column, e));
                    if (column + V.Count > last + half)
                    {
                        V right = From(column, last + half, value, V.Zero);
                        value = From(column, last + half, V.Zero, value);
                        line[last + place] += V.Sum(right);
                    }

                    if (column < half)
                    {
                        line[place] += V.Sum(From(column, half, V.Zero, value));
                        value = From(column, half, value, V.Zero);
                    }

                    float* to = line + column - half + place;
                    V.Store(to, V.Load(to) + value);
                }
            }
        }

        if (row < _sharedEnd)
        {
            float* shared = _shared + (nint)_sizes.Width
                * (_sizes.Prefix + (row - _sharedFirst) * _group.Columns);
            LaneTranspose<V>.Out(_line, _sizes.LineStride, _group.Columns, _sizes.Width, shared, _sizes.Width, false);
            return;
        }

        LaneTranspose<V>.Out(_line, _sizes.LineStride, _group.Columns, _sizes.Width,
            _rows.Row(_sizes.Prefix + _group.Position(row)), _group.Step * _rows.Stride, accumulate);
    }

    /// <summary>One value in lanes from column <paramref name="border"/> on, another before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V From(int column, int border, V after, V before) =>
        V.SelectGreaterOrEqual(Indices, V.Broadcast(border - column), after, before);

    /// <summary>0, 1, 2, ... in the lanes.</summary>
    private static V Indices
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            fixed (float* numbers = Numbers) return V.Load(numbers);
        }
    }

    private static ReadOnlySpan<float> Numbers => [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
}
