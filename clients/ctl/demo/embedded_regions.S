/* The region tree of the demo district, byte for byte, between two symbols. FENFEN_REGIONS is its path, from CMake. */
  .section .rodata
  .global fenfen_regions_begin
  .global fenfen_regions_end
fenfen_regions_begin:
  .incbin FENFEN_REGIONS
fenfen_regions_end:
  .byte 0
  .section .note.GNU-stack,"",%progbits
