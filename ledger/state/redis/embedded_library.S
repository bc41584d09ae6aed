/* The function library, byte for byte, between two symbols. FENFEN_LIBRARY is its path, from CMake; library.cc names them. */
  .section .rodata
  .global fenfen_library_begin
  .global fenfen_library_end
fenfen_library_begin:
  .incbin FENFEN_LIBRARY
fenfen_library_end:
  .byte 0
  .section .note.GNU-stack,"",%progbits
