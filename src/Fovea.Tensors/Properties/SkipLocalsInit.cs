using System.Runtime.CompilerServices;

// Kernels take their scratch from the stack and write before they read: clearing it first would be wasted.
[module: SkipLocalsInit]
