/* The function library, its two parts byte for byte, between two symbols. FENFEN_LIBRARY and FENFEN_LIBRARY_FENCE are their paths, from
   CMake; library.cc names them. */
  .section .rodata
  .global fenfen_library_begin
  .global fenfen_library_end
fenfen_library_begin:
  .incbin FENFEN_LIBRARY
  .incbin FENFEN_LIBRARY_FENCE
fenfen_library_end:
  .byte 0
  .section .note.GNU-stack,"",%progbits
