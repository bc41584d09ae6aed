/* The counters' library, byte for byte, between two symbols. FENFEN_COUNTERS is its path, from CMake; redis_counters.cc names them. */
  .section .rodata
  .global fenfen_counters_begin
  .global fenfen_counters_end
fenfen_counters_begin:
  .incbin FENFEN_COUNTERS
fenfen_counters_end:
  .byte 0
  .section .note.GNU-stack,"",%progbits
