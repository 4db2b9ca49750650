using System.Buffers.Binary;
using System.Globalization;

namespace Fovea.Core.Formats;

/// <summary>
/// Reads a Python pickle of plain values, protocols 2 to 5, and of the few other things that <paramref name="objects"/>
/// knows. Nothing is ever called or loaded; a class or an opcode outside the list ends in a
/// <see cref="DataException"/>.
/// </summary>
/// <param name="bytes">The pickle; what follows it is left alone.</param>
/// <param name="path">The file, for messages.</param>
/// <param name="objects">What is read besides plain values; null: numpy arrays.</param>
/// <remarks>
/// Values become: None null, bool <see cref="bool"/>, int <see cref="long"/>, float <see cref="double"/>, both kinds of
/// strings <see cref="PickleText"/>, list and set <see cref="List{T}"/>, tuple <c>object?[]</c>, dict
/// <see cref="Dictionary{TKey,TValue}"/> with text keys (a number as its digits). Source: opcode descriptions in
/// CPython's <c>pickletools.py</c>.
/// </remarks>
internal sealed class PickleReader(ReadOnlyMemory<byte> bytes, string path, IPickleObjects? objects = null)
{
    // The largest file, train of CIFAR-100, has 50,000 names and 100,000 labels. Each value or memo entry costs an
    // opcode.
    private const int MaxOpcodes = 1_000_000, MaxStack = 100_000, LongestName = 80;

    private readonly IPickleObjects _objects = objects ?? new NumpyObjects();

    private readonly List<object?> _stack = [];
    private readonly Stack<int> _marks = [];
    private readonly Dictionary<uint, object?> _memo = [];
    private int _position;

    /// <summary>Bytes read so far; behind <see cref="Read"/>, where the pickle ends.</summary>
    public int Position => _position;

    /// <summary>Reads the one value of the pickle.</summary>
    public object? Read()
    {
        for (int count = 0; count < MaxOpcodes; count++)
        {
            int at = _position;
            byte opcode = Byte();
            if (opcode == '.') return Pop();
            Execute(opcode, at);
            if (_stack.Count > MaxStack) throw Wrong($"nests more than {MaxStack} values", at);
        }

        throw Wrong($"has more than {MaxOpcodes} opcodes", _position);
    }

    private void Execute(byte opcode, int at)
    {
        switch (opcode)
        {
            case 0x80: RequireProtocol(Byte(), at); break;                                            // PROTO
            case 0x95: Take(8); break;                                                                // FRAME: a hint
            case (byte)'(': _marks.Push(_stack.Count); break;                                         // MARK
            case (byte)'N': Push(null); break;                                                        // NONE
            case 0x88: Push(true); break;                                                             // NEWTRUE
            case 0x89: Push(false); break;                                                            // NEWFALSE
            case (byte)'J': Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4).Span)); break;  // BININT
            case (byte)'K': Push((long)Byte()); break;                                                // BININT1
            case (byte)'M': Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2).Span)); break; // BININT2
            case 0x8A: Push(Long()); break;                                                           // LONG1
            case (byte)'G': Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8).Span)); break;          // BINFLOAT
            // SHORT_BINSTRING, -BYTES, -UNICODE
            case (byte)'U' or (byte)'C' or 0x8C: Push(new PickleText(Take(Byte()))); break;
            // BINSTRING, BINBYTES, BINUNICODE
            case (byte)'T' or (byte)'B' or (byte)'X': Push(new PickleText(Take(UInt32()))); break;
            // BINUNICODE8, BINBYTES8, BYTEARRAY8
            case 0x8D or 0x8E or 0x96: Push(new PickleText(Take(UInt64()))); break;
            // EMPTY_LIST, EMPTY_SET
            case (byte)']' or 0x8F: Push(new List<object?>()); break;
            case (byte)'}': Push(new Dictionary<string, object?>()); break;                           // EMPTY_DICT
            case (byte)')': Push(Array.Empty<object?>()); break;                                      // EMPTY_TUPLE
            case (byte)'a': Append([Pop()], at); break;                                               // APPEND
            // APPENDS, ADDITEMS
            case (byte)'e' or 0x90: Append(PopToMark(at), at); break;
            case (byte)'s': SetItems(PopMany(2), at); break;                                          // SETITEM
            case (byte)'u': SetItems(PopToMark(at), at); break;                                       // SETITEMS
            case (byte)'t': Push(PopToMark(at)); break;                                               // TUPLE
            case 0x85 or 0x86 or 0x87: Push(PopMany(opcode - 0x84)); break;                           // TUPLE1, 2, 3
            case (byte)'q': Store(Byte(), at); break;                                                 // BINPUT
            case (byte)'r': Store(UInt32(), at); break;                                               // LONG_BINPUT
            case 0x94: Store((uint)_memo.Count, at); break;                                           // MEMOIZE
            case (byte)'h': Push(Recall(Byte(), at)); break;                                          // BINGET
            case (byte)'j': Push(Recall(UInt32(), at)); break;                                        // LONG_BINGET
            case (byte)'c': Push(Find(Line(), Line(), at)); break;                                    // GLOBAL
            case 0x93: PushGlobal(PopMany(2), at); break;                                             // STACK_GLOBAL
            case (byte)'R' or 0x81: Reduce(PopMany(2), at); break;                                    // REDUCE, NEWOBJ
            case 0x92: Reduce(PopMany(3)[..2], at); break;                                            // NEWOBJ_EX
            case 0x91: Push(new List<object?>(PopToMark(at))); break;                                 // FROZENSET
            // BINPERSID
            case (byte)'Q':
                Push(_objects.Load(Pop())
                ?? throw Wrong("refers to something outside in an unknown way", at)); break;
            case (byte)'b': Build(Pop(), Top(at), at); break;                                         // BUILD
            default:
                throw Wrong(
                $"contains opcode 0x{opcode:X2}, which data of this kind does not need; it was not executed", at);
        }
    }

    private void RequireProtocol(byte protocol, int at)
    {
        if (protocol is < 2 or > 5) throw Wrong($"is of pickle protocol {protocol}; 2 to 5 are read", at);
    }

    private void PushGlobal(object?[] names, int at)
    {
        if (names is not [PickleText module, PickleText name])
            throw Wrong("names a class by something that is no text", at);
        Push(Find(module.ToString(), name.ToString(), at));
    }

    private object Find(string module, string name, int at) => _objects.Find(module, name) ?? throw new DataException(
        $"{path}: the pickle asks for '{Short(module)}.{Short(name)}' (offset {at}), but only {_objects.Kinds} are "
            + $"read; nothing was executed. {_objects.Advice}");

    private void Append(object?[] items, int at)
    {
        if (Top(at) is not List<object?> list) throw Wrong("appends to something that is no list", at);
        list.AddRange(items);
    }

    private void SetItems(object?[] items, int at)
    {
        if (Top(at) is not Dictionary<string, object?> map || items.Length % 2 != 0)
            throw Wrong("adds entries to something that is no dict", at);
        for (int i = 0; i < items.Length; i += 2)
            map[Key(items[i]) ?? throw Wrong("has a dict key that is neither text nor a number", at)] = items[i + 1];
    }

    private void Reduce(object?[] call, int at) =>
        Push(call is [object callee, object?[] arguments] && _objects.Call(callee, arguments) is object made
            ? made : throw Wrong($"calls something other than {_objects.Kinds}, or in another way; it was not executed",
                at));

    private void Build(object? state, object? target, int at)
    {
        if (_objects.SetState(target, state) is string problem) throw Wrong(problem, at);
    }

    private static string? Key(object? key) => key switch
    {
        PickleText text => text.ToString(),
        long or double or bool => Convert.ToString(key, CultureInfo.InvariantCulture),
        object?[] tuple when tuple.All(item => item is PickleText or long) => $"({string.Join(", ", tuple)})",
        _ => null,
    };

    private static string Short(string name) => name.Length <= LongestName ? name : name[..LongestName] + "...";

    private void Push(object? value) => _stack.Add(value);

    private object? Top(int at) =>
        _stack.Count > (_marks.TryPeek(out int mark) ? mark : 0) ? _stack[^1]
            : throw Wrong("uses a value that is not there", at);

    private object? Pop() => PopMany(1)[0];

    private object?[] PopMany(int count)
    {
        if (_stack.Count - count < (_marks.TryPeek(out int mark) ? mark : 0))
            throw Wrong("uses a value that is not there", _position - 1);
        object?[] values = [.. _stack[^count..]];
        _stack.RemoveRange(_stack.Count - count, count);
        return values;
    }

    private object?[] PopToMark(int at)
    {
        if (!_marks.TryPeek(out int mark)) throw Wrong("uses a mark that is not there", at);
        object?[] values = PopMany(_stack.Count - mark);
        _marks.Pop();
        return values;
    }

    private void Store(uint key, int at)
    {
        // Python counts upwards; far keys would only serve to make the dictionary slow.
        if (key > MaxOpcodes) throw Wrong($"stores a value under the far key {key}", at);
        _memo[key] = Top(at);
    }

    private object? Recall(uint key, int at) =>
        _memo.TryGetValue(key, out object? value) ? value
            : throw Wrong($"recalls value {key}, which was not stored", at);

    /// <summary>A signed number of 0 to 8 bytes, lowest first; a longer one, such as the state of a random number
    /// generator, as its bytes.</summary>
    private object Long()
    {
        ReadOnlyMemory<byte> bytes = Take(Byte());
        ReadOnlySpan<byte> digits = bytes.Span;
        if (digits.Length > 8) return new PickleText(bytes);
        long value = digits.Length > 0 && digits[^1] >= 0x80 ? -1 : 0;
        for (int i = digits.Length - 1; i >= 0; i--) value = value << 8 | digits[i];
        return value;
    }

    private byte Byte() => Take(1).Span[0];

    private uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4).Span);

    private ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8).Span);

    /// <summary>A slice of the file: long strings are not copied, and cannot be longer than the file.</summary>
    private ReadOnlyMemory<byte> Take(ulong count)
    {
        if (count > (ulong)(bytes.Length - _position))
            throw Wrong($"is cut off: {count} bytes were expected", _position);
        ReadOnlyMemory<byte> taken = bytes.Slice(_position, (int)count);
        _position += (int)count;
        return taken;
    }

    private string Line()
    {
        int length = bytes.Span[_position..].IndexOf((byte)'\n');
        if (length < 0) throw Wrong("is cut off in the name of a class", _position);
        string line = new PickleText(Take((ulong)length)).ToString();
        _position++;
        return line;
    }

    private DataException Wrong(string what, int at) =>
        new($"{path}: the pickle {what} (offset {at}); the file is damaged or of another kind.");
}
