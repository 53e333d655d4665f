import bpy

op = bpy.context.active_operator

op.projection = "AUTO"
op.input_curve = "AUTO"
op.world = "NEW"
op.destination = "PACKED"
op.compression = "ZIP"
