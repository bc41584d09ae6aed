/* The descriptor set of proto/, byte for byte, between two symbols. FENFEN_DESCRIPTORS is its path, from CMake. */
  .section .rodata
  .global fenfen_descriptors_begin
  .global fenfen_descriptors_end
  .balign 16
fenfen_descriptors_begin:
  .incbin FENFEN_DESCRIPTORS
fenfen_descriptors_end:
  .byte 0
  .section .note.GNU-stack,"",%progbits
