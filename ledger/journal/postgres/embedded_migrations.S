/* The migrations, byte for byte, between symbols. FENFEN_MIGRATION_… are their paths, from CMake; migrations.cc names them. */
  .section .rodata
  .global fenfen_migration_1_begin
  .global fenfen_migration_1_end
  .global fenfen_migration_2_begin
  .global fenfen_migration_2_end
  .global fenfen_migration_3_begin
  .global fenfen_migration_3_end
  .global fenfen_migration_4_begin
  .global fenfen_migration_4_end
  .global fenfen_migration_5_begin
  .global fenfen_migration_5_end
  .global fenfen_migration_6_begin
  .global fenfen_migration_6_end
fenfen_migration_1_begin:
  .incbin FENFEN_MIGRATION_1
fenfen_migration_1_end:
  .byte 0
fenfen_migration_2_begin:
  .incbin FENFEN_MIGRATION_2
fenfen_migration_2_end:
  .byte 0
fenfen_migration_3_begin:
  .incbin FENFEN_MIGRATION_3
fenfen_migration_3_end:
  .byte 0
fenfen_migration_4_begin:
  .incbin FENFEN_MIGRATION_4
fenfen_migration_4_end:
  .byte 0
fenfen_migration_5_begin:
  .incbin FENFEN_MIGRATION_5
fenfen_migration_5_end:
  .byte 0
fenfen_migration_6_begin:
  .incbin FENFEN_MIGRATION_6
fenfen_migration_6_end:
  .byte 0
  .section .note.GNU-stack,"",%progbits
